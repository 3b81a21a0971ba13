import { CliError } from './errors.ts';

/** `os[/arch[/variant]]` as the API takes a platform; undefined when none is given. Throws CliError. */
export function platformJson(text: string): string | undefined {
  if (text === '') return undefined;
  const [os = '', architecture, variant, ...rest] = text.toLowerCase().split('/');
  if (os === '' || rest.length > 0) {
    throw new CliError(`${JSON.stringify(text)}: unknown operating system or architecture: invalid argument`);
  }
  return JSON.stringify({
    ...(architecture ? { architecture: ARCHITECTURES[architecture] ?? architecture } : {}),
    os,
    ...(variant ? { variant } : {}),
  });
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
};

/** This machine's architecture under the name that images use. */
export function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch === 'ia32' ? '386' : process.arch;
}
