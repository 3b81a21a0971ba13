import { StartFailed } from '../api/index.ts';

/** The kernel's reasons, with the exit code that a shell would give. */
const REASONS = [
  { words: /permission denied|is a directory|exec format error/i, exitCode: 126 },
  { words: /no such file or directory|not a directory/i, exitCode: 127 },
] as const;
const MISSING =
  /executable file [`'"](.+?)[`'"] not found|exec: "(.+?)": (?:executable file not found|stat .+: no such file)/i;

/**
 * The error for what an OCI runtime says when it cannot start a process. Clients look for fixed words in the text to choose
 * their exit code (`executable file not found`, `permission denied`, `no such file or directory`), so they are put there.
 */
export function startFailure(said: string): StartFailed {
  // crun's words for a program that is a folder.
  const text = runtimeText(said).replace('open executable: Operation not permitted', 'exec: is a directory');
  const missing = MISSING.exec(text);
  if (missing !== null) {
    const name = missing[1] ?? missing[2] ?? '';
    const reason = name.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH';
    return new StartFailed(127, failed(`exec: "${name}": ${reason}`));
  }
  for (const { words, exitCode } of REASONS) {
    const told = text.replace(words, (word) => word.toLowerCase());
    if (words.test(text)) return new StartFailed(exitCode, failed(told));
  }
  return new StartFailed(128, failed(text));
}

function failed(text: string): string {
  return `failed to create task for container: OCI runtime create failed: ${text}`;
}

/** What the runtime said, without the prefixes of those who passed it on. */
function runtimeText(said: string): string {
  return said
    .trim()
    .split('\n')
    .filter(Boolean)
    .join(': ')
    .replace(/^.*?container create failed[^:]*: /, '')
    .replace(/^(?:\d{4}-\d\d-\d\dT\S+ )?(?:crun: )?/, '');
}
