export { EventBus, type SubscribeOptions } from './bus.ts';
export type { Subscription } from './subscription.ts';
