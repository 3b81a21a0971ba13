import { InvalidArgument } from '../../api/index.ts';
import type { OciPlatform } from '../../layers/index.ts';

/** Go's names for the architectures on which Node runs. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
};

/** The platform of this machine. */
export const HOST_PLATFORM: Readonly<OciPlatform> = {
  os: 'linux',
  architecture: ARCHITECTURES[process.arch] ?? process.arch,
};

/** Reads `os[/architecture[/variant]]`; a single word may be an architecture too. Throws InvalidArgument. */
export function parsePlatform(text: string): OciPlatform {
  const [first = '', second, variant, ...more] = text.toLowerCase().split('/');
  if (
    more.length > 0 ||
    [first, second, variant].some((part) => part !== undefined && !/^[a-z0-9_.-]+$/.test(part))
  ) {
    throw new InvalidArgument(
      `"${text}" is an invalid platform: os/architecture is expected, such as linux/amd64`,
    );
  }
  if (second === undefined) {
    return first === 'linux' ? HOST_PLATFORM : { os: 'linux', architecture: normalise(first) };
  }
  return { os: first, architecture: normalise(second), ...(variant === undefined ? {} : { variant }) };
}

/** True when an image made for `have` is what `want` means. Variants count only when both name one. */
export function matchesPlatform(have: OciPlatform, want: OciPlatform): boolean {
  return (
    have.os === want.os &&
    normalise(have.architecture) === want.architecture &&
    (!have.variant || !want.variant || have.variant === want.variant)
  );
}

/** `linux/amd64`, for messages. */
export function formatPlatform({ os, architecture, variant }: OciPlatform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

function normalise(architecture: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };
  return names[architecture] ?? architecture;
}
