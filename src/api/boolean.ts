/** Docker's rule for booleans in query parameters: empty, `0`, `no`, `false` and `none` (in any case) are false, all else is true. */
export function isTrue(text: string): boolean {
  return !['', '0', 'no', 'false', 'none'].includes(text.trim().toLowerCase());
}
