interface Job<Event, Result> {
  readonly abort: AbortController;
  readonly listeners: Set<(event: Event) => void>;
  readonly result: Promise<Result>;
  last: Event | undefined;
  members: number;
}

/** What a job gets: a signal that says when nobody wants its result any more, and a way to say how far it is. */
export type SharedWork<Event, Result> = (
  signal: AbortSignal,
  report: (event: Event) => void,
) => Promise<Result>;

export interface Membership<Event> {
  readonly signal?: AbortSignal | undefined;
  readonly listen?: ((event: Event) => void) | undefined;
}

/** Work that is done once for everybody who asks for it at the same time, and given up when the last of them has gone. */
export class SharedJobs<Key, Event, Result> {
  readonly #jobs = new Map<Key, Job<Event, Result>>();

  /**
   * Waits for the job `key`, which `work` does unless it is under way. `listen` hears its events, the latest one at once.
   * When the failure is that of somebody else's `work`, one's own is tried. Throws the signal's reason when it is aborted;
   * the last member waits until the work has ended.
   */
  async join(key: Key, work: SharedWork<Event, Result>, member: Membership<Event> = {}): Promise<Result> {
    const { signal } = member;
    for (;;) {
      signal?.throwIfAborted();
      const running = this.#jobs.get(key);
      if (running === undefined) return this.#take(this.#begin(key, work), member);
      if (running.abort.signal.aborted) {
        await running.result.catch(() => {});
        continue;
      }
      try {
        return await this.#take(running, member);
      } catch {
        // Says something about another's credentials or connection.
      }
    }
  }

  #begin(key: Key, work: SharedWork<Event, Result>): Job<Event, Result> {
    const abort = new AbortController();
    const listeners = new Set<(event: Event) => void>();
    const report = (event: Event) => {
      job.last = event;
      for (const listen of listeners) listen(event);
    };
    const result = Promise.resolve()
      .then(() => work(abort.signal, report))
      .finally(() => this.#jobs.delete(key));
    result.catch(() => {});
    const job: Job<Event, Result> = { abort, listeners, result, last: undefined, members: 0 };
    this.#jobs.set(key, job);
    return job;
  }

  async #take(job: Job<Event, Result>, { signal, listen }: Membership<Event>): Promise<Result> {
    job.members++;
    if (listen !== undefined) {
      job.listeners.add(listen);
      if (job.last !== undefined) listen(job.last);
    }
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal!.reason);
    signal?.addEventListener('abort', leave);
    try {
      return await Promise.race([job.result, left.promise]);
    } finally {
      signal?.removeEventListener('abort', leave);
      if (listen !== undefined) job.listeners.delete(listen);
      job.members--;
      if (job.members === 0 && signal?.aborted) {
        job.abort.abort(signal.reason);
        await job.result.catch(() => {});
      }
    }
  }
}
