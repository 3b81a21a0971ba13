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
  | { readonly kind: 'watch'; readonly id: number; readonly pid: number };

/** What the relay thread answers. */
export type Answer =
  | { readonly kind: 'ready' }
  /** `fd` is the engine's end of the session; whoever receives it closes it. */
  | { readonly kind: 'attached'; readonly id: number; readonly fd: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** The watched process has ended. */
  | { readonly kind: 'ended'; readonly id: number };
