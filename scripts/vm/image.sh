# Makes the virtual machine's Debian, once: kernel, initrd and system.img in build/vm. Sourced by scripts/check-cgroup-v2.

for program in mmdebstrap mke2fs qemu-system-x86_64; do
  has $program || fail "$program is missing." \
    "Run 'apt-get install --no-install-recommends mmdebstrap e2fsprogs qemu-system-x86'."
done

# What scripts/packages.sh asks for, and a kernel, systemd, and a boot's own needs.
packages=linux-image-amd64,systemd-sysv,udev,dbus,kmod,libatomic1,procps,util-linux,mount
packages=$packages,crun,conmon,nftables,iproute2,busybox-static,catatonit,golang-github-containers-common,ca-certificates
# Checkpoints: CRIU does not get along with every kernel, and with this one it does.
packages=$packages,criu,runc

rm -f "$vm/made"
tree=$(mktemp -d "$vm/tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT
say vm 'installing Debian 12 for the virtual machine (three minutes)'
mmdebstrap --quiet --mode=root --variant=minbase --components=main --include=$packages \
  --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  bookworm "$tree/debian" >"$vm/mmdebstrap.log" 2>&1 ||
  { tail -n 20 "$vm/mmdebstrap.log" >&2 && fail 'Debian could not be installed; the reason is above.' 'Is the package archive reachable?'; }
debian=$tree/debian

# The serial console belongs to the checks.
cp scripts/vm/checks.service "$debian/etc/systemd/system/"
mkdir -p "$debian/berth" "$debian/etc/systemd/system/multi-user.target.wants"
ln -s ../checks.service "$debian/etc/systemd/system/multi-user.target.wants/"
for unit in getty.target serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
  ln -sf /dev/null "$debian/etc/systemd/system/$unit"
done
echo '/dev/vdb /berth ext4 defaults 0 0' >"$debian/etc/fstab"
echo 'berth-vm' >"$debian/etc/hostname"
: >"$debian/etc/resolv.conf"
echo '127.0.0.1 localhost berth-vm' >"$debian/etc/hosts"

# Debian's own initrd takes long to unpack under emulation; the root's disk and file system are all that is wanted.
version=$(basename "$debian"/lib/modules/*)
initrd=$tree/initrd
mkdir -p "$initrd/bin" "$initrd/modules" "$initrd/dev" "$initrd/proc" "$initrd/root"
cp "$debian/bin/busybox" "$initrd/bin/"
install -m 755 scripts/vm/init "$initrd/init"
for module in virtio_pci virtio_blk ext4; do
  chroot "$debian" modprobe --set-version "$version" --show-depends $module
done | while read -r _ file _; do
  [ -e "$initrd/modules/${file##*/}" ] && continue
  cp "$debian$file" "$initrd/modules/"
  echo "${file##*/}" >>"$initrd/modules/order"
done
(cd "$initrd" && find . | busybox cpio -o -H newc) >"$vm/initrd" 2>/dev/null
cp "$debian/boot/vmlinuz-$version" "$vm/kernel"
rm "$debian"/boot/initrd.img-* "$debian"/boot/System.map-*

rm -f "$vm/system.img"
mke2fs -q -t ext4 -L system -E lazy_itable_init=1 -d "$debian" "$vm/system.img" 4G
rm -r "$tree"
echo "$mark" >"$vm/made"
say vm "Debian 12 with kernel $version is in build/vm"
