import { onResize, type Size, terminalSize } from './terminal.ts';

/** Pause between attempts while the container's terminal is not there yet. */
const RETRY_DELAY = 20;
const ATTEMPTS = 5;

/** Has a program that is already running draw itself anew, by a size that it does not have yet. */
export async function forceRedraw(resize: (size: Size) => Promise<void>): Promise<void> {
  const size = terminalSize();
  if (size) await resize({ height: size.height + 1, width: size.width + 1 }).catch(() => {});
}

/** Gives the container's terminal the size of ours, now and whenever ours changes. Returns the way to stop that. */
export function followSize(resize: (size: Size) => Promise<void>): () => void {
  const apply = (): Promise<void> => {
    const size = terminalSize();
    return size ? resize(size) : Promise.resolve();
  };
  void retry(apply);
  return onResize(() => void apply().catch(() => {}));
}

async function retry(apply: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return await apply();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY * (attempt + 1)).unref());
    }
  }
}
