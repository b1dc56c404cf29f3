# shellcheck shell=bash
# One host: disk, network, boot, end. Sourced by scripts/ring.
# A host is a systemd-nspawn container with an overlay on an ext4 image of its own, a network namespace of its own and a
# cable to a bridge; the bridge lives in a namespace too, so no address of a ring exists outside of the ring.

address_of() { echo "10.77.0.$((10 + ${1#n}))"; }
namespace_of() { echo "$TAG-$1"; }
nodes() { local d; for d in "$STATE"/n*/; do [ ! -d "$d" ] || basename "$d"; done | sort -V; }
lan() { nsenter --net="/run/netns/$LAN" "$@"; }
answers() { lan timeout 1 bash -c "</dev/tcp/$1/$2" 2>/dev/null; }

network_up() {
  ip netns add "$LAN"
  ip -n "$LAN" link set lo up
  ip -n "$LAN" link add br0 type bridge stp_state 0 forward_delay 0
  ip -n "$LAN" addr add 10.77.0.1/24 dev br0
  ip -n "$LAN" link set br0 up
  ip route replace unreachable 10.77.0.0/24 2>/dev/null || :   # nothing meant for a ring leaves this machine, even if someone forgets `ring run`
}

host_make() {                                      # NODE COUNT: its disk and its cable
  local h=$1 D="$STATE/$1" ns
  ns=$(namespace_of "$h")
  mkdir -p "$D/disk" "$D/root"
  truncate -s 2G "$D/disk.img"
  mkfs.ext4 -q -m 0 -J size=8 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$D/disk.img"
  ip netns add "$ns"
  ip -n "$ns" link set lo up
  ip -n "$LAN" link add "$h" type veth peer name eth0 netns "$ns"
  ip -n "$LAN" link set "$h" master br0 up
  ip -n "$ns" addr add "$(address_of "$h")/24" dev eth0
  ip -n "$ns" link set eth0 up
  with_disk "$h" identity "$h" "$2"
  printf '%s,%s %s\n' "$h" "$(address_of "$h")" "$(cat "$D/hostkey.pub")" >>"$STATE/known_hosts"
}

host_identity() {                                  # NODE COUNT; with its disk mounted: who it is
  local h=$1 root="$STATE/$1/root" address seeds i
  address=$(address_of "$h")
  echo "$h" >"$root/etc/hostname"
  { echo "127.0.0.1 localhost"; for i in $(seq "$2"); do echo "$(address_of "n$i") n$i"; done; } >"$root/etc/hosts"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  ssh-keygen -q -A -f "$root" >/dev/null
  cut -d' ' -f1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub" >"$STATE/$h/hostkey.pub"
  install -o 1000 -g 1000 -m 600 "$STATE/id.pub" "$root/home/ops/.ssh/authorized_keys"
  seeds=$(for i in $(seq "$2"); do address_of "n$i"; done | paste -sd,)
  sed -i -e "s|- seeds:.*|- seeds: \"$seeds\"|" -e "s|^listen_address:.*|listen_address: $address|" -e "s|^rpc_address:.*|rpc_address: $address|" "$root$CONF/cassandra.yaml"
  printf 'dc=dc1\nrack=%s\n' "$(rack_of "$h")" >"$root$CONF/cassandra-rackdc.properties"
  chown --reference="$root$CONF/cassandra.yaml" "$root$CONF/cassandra-rackdc.properties"
}
rack_of() { echo "r$(( (${1#n} - 1) % 3 + 1 ))"; }

# A host's file systems are mounted in a mount namespace that is its own, and go away with it. Mounted outside they would
# live on: systemd-nspawn keeps a copy of every mount it sees when it starts.
with_disk() { local h=$1; shift; disk_free "$h"; RING_NAME=$NAME unshare --mount --propagation private "$SELF" _mounted "$h" "$@"; }
disk_free() { for _ in $(seq 200); do [ -n "$(losetup -j "$STATE/$1/disk.img" 2>/dev/null)" ] || return 0; sleep 0.05; done; die "$1: its disk is still in use"; }
disk_mount() {
  local D="$STATE/$1"
  [ ! -e "$D/layer" ] || LAYER=$(<"$D/layer")       # it was upgraded
  mount -o loop,errors=remount-ro,noatime,noauto_da_alloc "$D/disk.img" "$D/disk"
  mkdir -p "$D/disk/upper" "$D/disk/work"
  mount -t overlay "rig-$1" -o "lowerdir=$LAYER:$CACHE/base,upperdir=$D/disk/upper,workdir=$D/disk/work" "$D/root"
}

# The unified hierarchy, and systemd's own where a machine has both: a host has a group of its own in each.
CGROUPS=/sys/fs/cgroup
[ ! -d /sys/fs/cgroup/unified ] || CGROUPS=/sys/fs/cgroup/unified
cgroup_of() { echo "$CGROUPS/$TAG/$1"; }
cgroup_roots() { echo "$CGROUPS/$TAG"; [ ! -d /sys/fs/cgroup/systemd ] || echo "/sys/fs/cgroup/systemd/$TAG"; }
is_on() { grep -qs '^populated 1' "$(cgroup_of "$1")/cgroup.events"; }
is_frozen() { grep -qs '^frozen 1' "$(cgroup_of "$1")/cgroup.events"; }
processes_of() { find "$(cgroup_of "$1")" -name cgroup.procs -exec cat {} + 2>/dev/null; }

boot() {
  local h=$1 c
  ! is_on "$h" || die "$h is on"
  disk_free "$h"
  fsck.ext4 -p "$STATE/$h/disk.img" >"$STATE/$h/fsck.log" 2>&1 || :
  ip -n "$LAN" link set "$h" up
  for c in $(cgroup_roots); do mkdir -p "$c/$h"; done
  (
    for c in $(cgroup_roots); do echo "$BASHPID" >"$c/$h/cgroup.procs"; done
    RING_NAME=$NAME exec setsid unshare --mount --propagation private "$SELF" _mounted "$h" nspawn
  ) </dev/null >>"$STATE/$h/console.log" 2>&1 &
  disown
}
nspawn() {                                         # a container that ends with 133 asks to be started again: a reboot from inside
  local h=$1 r=133
  while [ $r = 133 ]; do
    r=0
    systemd-nspawn -q -D "$STATE/$h/root" -b --register=no --keep-unit --machine="$TAG-$h" --hostname="$h" --network-namespace-path="/run/netns/$(namespace_of "$h")" \
      --capability=CAP_NET_ADMIN --resolv-conf=off --timezone=off --link-journal=no --console=read-only || r=$?
  done
}
power_off() {                                      # all of it is gone at once
  local h=$1
  is_on "$h" || return 0
  echo 1 >"$(cgroup_of "$h")/cgroup.kill"
  for _ in $(seq 200); do is_on "$h" || break; sleep 0.05; done
  ! is_on "$h" || die "$h did not end"
  echo 0 >"$(cgroup_of "$h")/cgroup.freeze"
}

leader() {                                         # the pid, out here, of the host's pid 1
  local p
  for p in $(processes_of "$1/payload/init.scope"); do
    awk '/^NSpid:/ {exit $NF != 1 || NF < 3}' "/proc/$p/status" 2>/dev/null && { echo "$p"; return; }
  done
  return 1
}
inside() {                                         # NODE CMD…: as root on the host, not over SSH; part of the host, so it dies and freezes with it
  local h=$1 l c
  shift
  ! is_frozen "$h" || die "$h is frozen"
  l=$(leader "$h") || die "$h is off"
  c=$(cgroup_of "$h")/exec
  mkdir -p "$c"
  (
    echo "$BASHPID" >"$c/cgroup.procs"
    exec nsenter -t "$l" -m -u -i -n -p -C -r -w env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  )
}
over_ssh() { local h=$1; shift; lan ssh -F "$STATE/ssh_config" "$h" "$@"; }

jvm() {                                            # Cassandra's pid, out here
  local p
  for p in $(processes_of "$1"); do
    [ "$(cat "/proc/$p/comm" 2>/dev/null)" = java ] && tr '\0' '\n' <"/proc/$p/cmdline" | grep -qx org.apache.cassandra.service.CassandraDaemon && { echo "$p"; return; }
  done
  return 1
}
cassandra_start() {                                # NODE; as its operator would
  case $LAYOUT in
    tarball) over_ssh "$1" "$TARBALL_START </dev/null >/dev/null 2>&1" || die "$1: cannot start Cassandra: ring ssh $1 $TARBALL_START" ;;
    package) inside "$1" systemctl restart cassandra ;;    # to systemd, start is nothing to do after a crash
  esac
}
