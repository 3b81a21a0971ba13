/** Where in its life a template failed: while it was read, or while it ran on data. */
export type TemplatePhase = 'parse' | 'execute';

/**
 * A template that cannot be read or run. `message` is what `docker ps`, `inspect` and the other commands show,
 * `template parsing error: template: NAME:LINE...`; `detail` is Go's own text without that lead, which
 * `docker version` and `docker info` show when execution fails.
 */
export class TemplateError extends Error {
  readonly phase: TemplatePhase;
  readonly detail: string;

  constructor(phase: TemplatePhase, detail: string) {
    super(`template parsing error: ${detail}`);
    this.name = 'TemplateError';
    this.phase = phase;
    this.detail = detail;
  }
}
