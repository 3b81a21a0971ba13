# The programs and files that the engine calls for, and the Debian package of each. Sourced by scripts/setup.

# busybox goes into images that hold nothing else, so it must run in an empty root.
busybox_is_static() {
  has busybox || return 1
  empty=$(mktemp -d)
  cp "$(command -v busybox)" "$empty/busybox"
  status=0
  chroot "$empty" /busybox true 2>/dev/null || status=1
  rm -r "$empty"
  return $status
}

# missing_packages: one line each, "package  what for".
missing_packages() {
  has crun || echo 'crun                             the OCI runtime'
  has conmon || echo 'conmon                           watches each container'
  has catatonit || echo 'catatonit                        the init of run --init'
  has nft || echo 'nftables                         address translation and published ports'
  has ip || echo 'iproute2                         network interfaces'
  has ps || echo 'procps                           processes, for top'
  has mount || echo 'mount                            file systems'
  has xz || echo 'xz-utils                         archives of images that are packed with xz'
  has bzip2 || echo 'bzip2                            archives of images that are packed with bzip2'
  { has unshare && has setsid && has flock && has setpriv && has prlimit; } || echo 'util-linux                       namespaces and sessions'
  ldconfig -p | grep -q 'libatomic\.so\.1 ' || echo 'libatomic1                       a library of Node 26'
  busybox_is_static || echo 'busybox-static                   the content of the images hello-world and busybox'
  [ -s /usr/share/containers/seccomp.json ] || echo 'golang-github-containers-common  the default seccomp profile'
  [ -s /etc/ssl/certs/ca-certificates.crt ] || echo 'ca-certificates                  whom to trust when pulling'
}

install_packages() {
  has apt-get || fail 'These are missing, and this system has no apt to install them (Debian package names):' \
    "$1" '' 'Install them with the package manager of your system, then run this again.'
  names=$(echo "$1" | cut -d ' ' -f 1 | tr '\n' ' ')
  say packages "installing $names"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # one word per package
  { apt-get -qq update && apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $names; } \
    >build/apt.log 2>&1 9>&- || {
    tail -n 20 build/apt.log >&2
    fail 'apt could not install the packages; its last words are above.' \
      "Put that right, or install them by hand: apt-get install --no-install-recommends $names"
  }
}

missing=$(missing_packages)
if [ -n "$missing" ]; then
  install_packages "$missing"
  missing=$(missing_packages)
  [ -z "$missing" ] || fail 'Still missing after their packages were installed:' "$missing" 'Is /usr/sbin on the PATH?'
fi
say packages 'crun conmon catatonit nftables iproute2 busybox-static and the rest are there'
