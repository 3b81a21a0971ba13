# What the set-up scripts share. POSIX sh, because they run before this checkout has its own Node.
# Sourced with $0 in scripts/; leaves the working directory at the root of the checkout.

root=$(cd -P -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root" || exit 1

# npm puts node_modules/.bin first, where 'node' is ours; npm itself has to run on the machine's own.
PATH=${PATH#"$root/node_modules/.bin:"}:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# say STEP TEXT: what set-up does or has found.
say() {
  printf 'berth: %-12s %s\n' "$1" "$2"
}

# fail WHAT REMEDY...: one line that names what is wrong, then what to do about it.
fail() {
  printf 'berth: %s\n' "$1" >&2
  shift
  printf '%s\n' "$@" | sed 's/^/       /' >&2
  exit 1
}

# has PROGRAM: is it on the PATH?
has() {
  command -v "$1" >/dev/null 2>&1
}

# node ARGUMENTS...: this checkout's Node 26.
node() {
  for binary in "$root"/node_modules/node-linux-*/bin/node; do
    [ -x "$binary" ] || fail 'Node 26 is not installed.' "Run 'sh scripts/setup'."
    "$binary" --disable-warning=ExperimentalWarning "$@"
    return
  done
}
