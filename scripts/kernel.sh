# Tries each kernel feature that containers need. Sourced by scripts/setup.
#
# All but the control groups are tried inside namespaces of their own, so that nothing has to be cleaned up.

# try NAME REMEDY COMMAND...: runs it; a failure names the feature.
try() {
  feature=$1 remedy=$2
  shift 2
  reason=$("$@" 2>&1) || fail "The kernel lacks $feature: ${reason:-$1 failed}" "$remedy"
}

privileged='Run on the machine itself, or in a container that was started with --privileged.'

new_namespaces() {
  unshare --mount --net --pid --ipc --uts --cgroup --fork true
}

# On the file system of the data root, since overlayfs takes no upper layer on some (overlayfs itself, NFS).
overlay_mount() {
  data_root=${BERTH_DATA_ROOT:-/var/lib/berth}
  mkdir -p -m 0711 "$data_root"
  scratch=$(mktemp -d "$data_root/set-up.XXXXXX")
  mkdir "$scratch/lower" "$scratch/upper" "$scratch/work" "$scratch/merged"
  status=0
  unshare --mount mount -t overlay overlay \
    -o "lowerdir=$scratch/lower,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/merged" || status=$?
  rm -r "$scratch"
  return $status
}

network_links() {
  unshare --net sh -c 'ip link add try0 type bridge && ip link add try1 type veth peer name try2'
}

nftables_nat() {
  unshare --net nft -f - <<'RULES'
table ip try {
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  chain in { type nat hook prerouting priority -100; dnat ip to meta l4proto . th dport map @ports; }
  chain out { type nat hook postrouting priority 100; masquerade; }
}
RULES
}

# control_groups: prints the version, v1 or v2, whose memory, cpu and pids controllers are there.
control_groups() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    controllers=" $(cat /sys/fs/cgroup/cgroup.controllers) " version=v2
  else
    controllers=" $(ls /sys/fs/cgroup | tr '\n' ' ') " version=v1
  fi
  for controller in memory cpu pids; do
    case $controllers in
      *" $controller "*) ;;
      *) echo "no $controller controller in /sys/fs/cgroup" && return 1 ;;
    esac
  done
  echo $version
}

try namespaces "$privileged" new_namespaces
try overlayfs "Load it with 'modprobe overlay'; keep BERTH_DATA_ROOT (/var/lib/berth) on ext4, xfs or btrfs." overlay_mount
try 'veth or bridge interfaces' "Load them with 'modprobe veth bridge'." network_links
try 'nftables with address translation' "Load it with 'modprobe nf_tables nft_chain_nat nft_masq'." nftables_nat
try 'control groups' 'Mount them: cgroup2 on /sys/fs/cgroup, or the v1 hierarchies memory, cpu and pids below it.' \
  control_groups
say kernel "namespaces, overlayfs, veth, bridge, nftables, control groups $(control_groups)"
