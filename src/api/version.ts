/** The version of Berth itself, as `package.json` has it. */
export const BERTH_VERSION = '0.1.0';

/** A version of the Engine API, such as 1.55. */
export interface ApiVersion {
  readonly major: number;
  readonly minor: number;
}

/** The newest Engine API version that the engine speaks, and the one a request without a version prefix gets. */
export const API_VERSION: ApiVersion = { major: 1, minor: 55 };

/** The oldest Engine API version that the engine speaks. */
export const MIN_API_VERSION: ApiVersion = { major: 1, minor: 24 };

/** Reads `1.44` (`1` and `1.44.0` too: missing parts are 0, parts beyond the second are not looked at). */
export function parseApiVersion(text: string): ApiVersion {
  const [major, minor] = text.split('.');
  return { major: Number.parseInt(major ?? '', 10) || 0, minor: Number.parseInt(minor ?? '', 10) || 0 };
}

/** `1.44` */
export function formatApiVersion(version: ApiVersion): string {
  return `${version.major}.${version.minor}`;
}

/** Negative, zero or positive, as `a` is older than, equal to or newer than `b`. */
export function compareApiVersions(a: ApiVersion, b: ApiVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

/** Whether `version` is at least `major.minor`. */
export function atLeast(version: ApiVersion, major: number, minor: number): boolean {
  return compareApiVersions(version, { major, minor }) >= 0;
}
