/** Where the registry writes what happens: the engine's log, or standard error. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** Writes logfmt lines to standard error, as the engine does. */
export const logToStderr: Log = (level, message, fields = {}) => {
  const name = level === 'warn' ? 'warning' : level;
  const entries = Object.entries({ time: new Date().toISOString(), level: name, msg: message, ...fields });
  const known = entries.filter(([, value]) => value !== undefined);
  process.stderr.write(`${known.map(([key, value]) => `${key}=${quote(String(value))}`).join(' ')}\n`);
};

function quote(text: string): string {
  return /^[\w\-./@^+:]+$/.test(text) ? text : JSON.stringify(text);
}
