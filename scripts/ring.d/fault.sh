# shellcheck shell=bash disable=SC2016  # what is in single quotes is for the node's shell
# What can go wrong on a node, and how it is put right. Sourced by scripts/ring.

faults() {
  cat <<'KINDS'
  stop              SIGSTOP to the JVM                       kill              SIGKILL to the JVM
  freeze            the whole host hangs                     crash             a reset: peers see connections close
  power             no power: peers see silence              powercut          the same, and only what was synced survives
  unplug            the cable: silence for everybody         partition         silence between it and its peers; SSH works
  island            reached by SSH alone: peers and clients
                    see connections reset
  deaf              hears no peer, still speaks              loss PERCENT      of its packets
  port N            drops what comes for TCP port N          reset N           answers it with a reset
  slow [RATE]       its network, default 256kbit             fill              its disk is full, for root too
  etcfull [SIZE]    Cassandra's configuration directory      etcro             … is read-only
                    is a full file system                    ro                a disk error: everything is read-only
  nostop            a restart says 0 and restarts nothing    clock +SECONDS    for programs started from now on
                    (package layout, sysv)
KINDS
}

fault() {                                          # NODE KIND [ARGUMENT]
  local h=$1 kind=$2 a=${3:-}
  local D="$STATE/$h" p
  case $kind in
    stop|kill) p=$(jvm "$h") || die "$h: Cassandra does not run"; kill -"${kind^^}" "$p" ;;
    freeze) echo 1 >"$(cgroup_of "$h")/cgroup.freeze" ;;
    crash) power_off "$h" ;;
    power) unplug "$h"; power_off "$h" ;;
    powercut) power_cut "$h" ;;
    unplug) unplug "$h" ;;
    partition) for p in $(peers_of "$h"); do packets "$h" in ip saddr "$p" drop; packets "$h" out ip daddr "$p" drop; done ;;
    island) packets "$h" in iifname != lo tcp dport != 22 reject with tcp reset; packets "$h" out oifname != lo tcp sport != 22 tcp flags "&" rst == 0 drop ;;
    deaf) for p in $(peers_of "$h"); do packets "$h" in ip saddr "$p" drop; done ;;
    loss) p=(numgen random mod 100 "<" "${a:?per cent}"); [ "$a" -lt 100 ] || p=()   # nft knows no 100 of 100
      packets "$h" in "${p[@]}" drop; packets "$h" out "${p[@]}" drop ;;
    port) packets "$h" in tcp dport "${a:?port}" drop ;;
    reset) packets "$h" in tcp dport "${a:?port}" reject with tcp reset ;;
    slow) ip netns exec "$(namespace_of "$h")" tc qdisc replace dev eth0 root tbf rate "${a:-256kbit}" burst 1600 latency 5s ;;
    fill) inside "$h" sh -c 'fallocate -l "$(df --output=avail -B1 /var/tmp | tail -1)" /var/tmp/fill 2>/dev/null; dd if=/dev/zero of=/var/tmp/fill2 bs=1k 2>/dev/null; [ "$(df --output=avail -B1k /var/tmp | tail -1)" -lt 8 ]' ;;
    etcfull) inside "$h" sh -c 'mkdir -p /run/etc && mount -t tmpfs -o mode=755,size="$2" rig-etc /run/etc && cp -a "$1"/. /run/etc/ && mount --bind /run/etc "$1" && { dd if=/dev/zero of="$1/.fill" bs=1k 2>/dev/null; mountpoint -q "$1"; }' - "$CONF" "${a:-256k}" ;;
    etcro) inside "$h" sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"' - "$CONF" ;;
    ro) p=$(losetup -j "$D/disk.img" | cut -d: -f1); echo 1 >"/sys/fs/ext4/${p#/dev/}/trigger_fs_error" ;;
    nostop) [ "$LAYOUT-$INIT" = package-sysv ] || die "nostop is a fault of the SysV script"   # its pid file trusts nobody: start-stop-daemon refuses to act on a file of another user
      inside "$h" sh -c 'cp -p /etc/init.d/cassandra /root/cassandra.init && sed -i "s/ -u cassandra//" /etc/init.d/cassandra && chown cassandra /run/cassandra/cassandra.pid' ;;
    clock) inside "$h" sh -c 'mkdir -p /run/systemd/system/ssh.service.d; printf "[Service]\nEnvironment=FAKETIME_DISABLE_SHM=1\n" >/run/systemd/system/ssh.service.d/clock.conf
        echo "$1" >/etc/faketimerc; ls /usr/lib/*/faketime/libfaketime.so.1 >/etc/ld.so.preload; systemctl daemon-reload; systemctl restart ssh' - "${a:?+SECONDS}" ;;
    *) echo "no fault $kind; there are:" >&2; faults >&2; exit 2 ;;
  esac
}

unplug() { ip -n "$LAN" link set "$1" down; }
peers_of() { local p; for p in $(nodes); do [ "$p" = "$1" ] || address_of "$p"; done; }
packets() {                                        # NODE in|out RULE…: in its own namespace, under its feet
  local ns chain=$2
  ns=$(namespace_of "$1")
  shift 2
  ip netns exec "$ns" nft "add table inet rig; add chain inet rig in { type filter hook input priority 0; }; add chain inet rig out { type filter hook output priority 0; }"
  ip netns exec "$ns" nft "add rule inet rig $chain $*"
}
power_cut() {                                      # half-written commit log segments go too, or Cassandra may refuse to start
  local D="$STATE/$1"
  unplug "$1"
  echo 1 >"$(cgroup_of "$1")/cgroup.freeze"
  cp --sparse=always "$D/disk.img" "$D/cut.img"
  power_off "$1"; disk_free "$1"
  mv "$D/cut.img" "$D/disk.img"
  fsck.ext4 -p "$D/disk.img" >"$D/fsck.log" 2>&1 || :
  with_disk "$1" forget_commitlog
}

heal_network() {
  local ns
  ns=$(namespace_of "$1")
  ip -n "$LAN" link set "$1" up
  ip netns exec "$ns" nft delete table inet rig 2>/dev/null || :
  ip netns exec "$ns" tc qdisc del dev eth0 root 2>/dev/null || :
}

heal() {                                           # NODE: as it was, and Cassandra runs; `wait` waits for the ring
  local h=$1 p
  heal_network "$h"
  if is_on "$h"; then
    echo 0 >"$(cgroup_of "$h")/cgroup.freeze"
    for p in $(jvm "$h" || :); do kill -CONT "$p"; done
    inside "$h" sh -c 'rm -f /var/tmp/fill /var/tmp/fill2; [ ! -e /etc/ld.so.preload ] || { rm -f /etc/ld.so.preload /etc/faketimerc; systemctl restart ssh; }
      [ ! -e /root/cassandra.init ] || { mv /root/cassandra.init /etc/init.d/cassandra; systemctl daemon-reload; pkill -9 -u cassandra java; }
      ! mountpoint -q "$1" || umount "$1"; ! mountpoint -q /run/etc || umount /run/etc' - "$CONF" 2>/dev/null || :
    inside "$h" touch /var/tmp/.healed 2>/dev/null || power_off "$h"         # a disk that broke needs a check and a boot
  fi
  if ! is_on "$h"; then
    disk_free "$h"; fsck.ext4 -fy "$STATE/$h/disk.img" >"$STATE/$h/fsck.log" 2>&1 || :
    boot "$h"; wait_sshd "$h"
    [ "$LAYOUT" = tarball ] || return 0            # the service starts itself
  fi
  jvm "$h" >/dev/null || cassandra_start "$h"
}
