/** Lets one at a time through, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `body` when everybody who asked before is done, whether or not they failed. */
  run<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(body, body);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
