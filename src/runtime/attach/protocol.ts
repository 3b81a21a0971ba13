/** What the thread is started with. */
export interface ThreadData {
  /** The descriptor on which the engine wakes it. */
  readonly wake: number;
  /** Where files without a name may be made. */
  readonly folder: string;
}

/** What the engine asks of the relay thread. */
export type Command =
  | {
      readonly kind: 'attach';
      /** Names the session in the answer. */
      readonly id: number;
      /** Path of conmon's attach socket. */
      readonly path: string;
      /** Stdcopy frames when true, bare bytes (a terminal's) when false. */
      readonly framed: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
    }
  | { readonly kind: 'watch'; readonly id: number; readonly pid: number }
  /** Waits for the descriptor that somebody sends to this listening socket, which the thread closes. */
  | { readonly kind: 'receive'; readonly id: number; readonly listening: number }
  /** Gives up waiting. */
  | { readonly kind: 'forget'; readonly id: number; readonly listening: number };

/** What the relay thread answers. */
export type Answer =
  | { readonly kind: 'ready' }
  /** The engine's end of a session, or a descriptor that was sent; whoever receives it closes it. */
  | { readonly kind: 'got'; readonly id: number; readonly fd: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** The watched process has ended. */
  | { readonly kind: 'ended'; readonly id: number };
