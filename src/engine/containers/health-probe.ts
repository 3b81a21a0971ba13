import { FrameDecoder, formatDuration, formatTime, messageOf, nowNanos } from '../../api/index.ts';
import type { ExecProcess } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { Execs } from './execs.ts';
import type { HealthProbe } from './health-config.ts';
import type { HealthResult } from './record.ts';

const MAX_OUTPUT = 4096;
const NANOS_PER_MILLI = 1e6;
const NO_EXIT_CODE = -1;

/** Runs a probe to its end, or until its time is over or the signal is aborted: then it is killed. Never throws. */
export async function runProbe(
  execs: Execs,
  container: Container,
  probe: HealthProbe,
  signal: AbortSignal,
): Promise<HealthResult> {
  const Start = formatTime(nowNanos());
  const result = (ExitCode: number, Output: string): HealthResult => ({
    Start,
    End: formatTime(nowNanos()),
    ExitCode,
    Output,
  });
  try {
    const process = execs.run(container, probe.command);
    const output = new ProbeOutput(process);
    const timely = await endsInTime(process, probe.timeout, signal);
    if (!timely) await process.kill();
    const { exitCode, failure } = await process.ended;
    if (failure !== undefined) return result(NO_EXIT_CODE, failure.message);
    const text = await output.whole();
    if (timely) return result(exitCode, text);
    const late = `Health check exceeded timeout (${formatDuration(probe.timeout * NANOS_PER_MILLI)})`;
    return result(NO_EXIT_CODE, text === '' ? late : `${late}: ${text}`);
  } catch (error) {
    return result(NO_EXIT_CODE, messageOf(error));
  }
}

async function endsInTime(process: ExecProcess, timeout: number, signal: AbortSignal): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<false>();
  const give = () => resolve(false);
  const timer = setTimeout(give, timeout);
  signal.addEventListener('abort', give);
  try {
    return await Promise.race([process.ended.then(() => true), over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', give);
  }
}

/** What a probe writes, up to the limit. */
class ProbeOutput {
  readonly #chunks: Buffer[] = [];
  readonly #end: Promise<void>;
  #size = 0;

  constructor({ output }: ExecProcess) {
    const frames = new FrameDecoder();
    output.on('data', (bytes: Buffer) => {
      for (const { data } of frames.push(bytes)) {
        if (this.#size < MAX_OUTPUT) this.#chunks.push(data);
        this.#size += data.length;
      }
    });
    this.#end = new Promise((resolve) => output.once('close', resolve));
  }

  /** All of it, once it has come; dots at its end stand for what was cut off. */
  async whole(): Promise<string> {
    await this.#end;
    const text = Buffer.concat(this.#chunks).toString('utf8', 0, MAX_OUTPUT);
    return this.#size > MAX_OUTPUT ? `${text}...` : text;
  }
}
