import { type EngineConfig, EventBus, System } from '../engine/index.ts';
import type { DaemonEngine } from './daemon.ts';

/** An engine that has nothing but itself: what it is, and what happens to it. */
export async function openEngine(config: EngineConfig): Promise<DaemonEngine> {
  const events = new EventBus();
  const system = new System(config, events, () => ({ running: 0, paused: 0, stopped: 0, images: 0 }));
  return { config, events, system, close: async () => events.close() };
}
