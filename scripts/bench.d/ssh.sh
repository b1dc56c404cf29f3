# shellcheck shell=bash
# 50 nodes behind one sshd: its keys, its files, its end. Sourced by scripts/bench.

bench_ssh() {
  local work result=0
  [ -x /usr/sbin/sshd ] || { echo "/usr/sbin/sshd is missing: install the package openssh-server" >&2; return 1; }
  [ "$(id -u)" = 0 ] || { echo "needs root: namespaces (sudo scripts/bench ssh)" >&2; return 1; }
  cargo bench --quiet --bench ssh --no-run || return 1
  work=$(mktemp -d)
  mkdir -p /run/sshd
  server_files "$work"
  nodes "$work"
  # A network with nothing in it but its own loopback, where sshd may listen on every address (it takes 16 single ones at
  # most), and processes of its own: a probe meets no Cassandra that happens to run on this machine.
  RINGWALK_BENCH_SSH=$work unshare --net --pid --fork --kill-child --mount-proc bash -s "$work" <<'X' || result=1
ip link set lo up
/usr/sbin/sshd -D -e -f "$1/sshd_config" 2>"$1/log" &
for _ in $(seq 100); do ! (exec 3<>/dev/tcp/127.0.1.50/2262) 2>/dev/null || break; sleep 0.1; done
cargo bench --quiet --bench ssh || { tail -n 5 "$1/log" >&2; exit 1; }
X
  rm -rf "$work"
  return $result
}

server_files() {                                   # DIR
  local i
  ssh-keygen -q -t ed25519 -N '' -f "$1/host"
  ssh-keygen -q -t ed25519 -N '' -f "$1/id"
  cp "$1/id.pub" "$1/authorized_keys"
  : >"$1/ssh_config"
  {
    printf 'Port 2262\nListenAddress 0.0.0.0\nHostKey %s/host\nAuthorizedKeysFile %s/authorized_keys\n' "$1" "$1"
    printf 'PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 500\n'
  } >"$1/sshd_config"
  for i in $(seq 50); do echo "[127.0.1.$i]:2262 $(cut -d' ' -f1,2 "$1/host.pub")"; done >"$1/known_hosts"
}

nodes() {                                          # DIR: a tarball's directory for each, and both of the operator's files
  local i home
  for i in $(seq 50); do
    home=$1/cassandra-$i
    mkdir -p "$home/bin" "$home/conf" "$home/lib" "$home/data"
    sed "s/^listen_address:.*/listen_address: 127.0.1.$i/; s/^rpc_address:.*/rpc_address: 127.0.1.$i/" scripts/ring.d/cassandra-5.0.yaml >"$home/conf/cassandra.yaml"
    printf '#!/bin/sh\n' >"$home/bin/nodetool"; chmod +x "$home/bin/nodetool"
    : >"$home/lib/apache-cassandra-5.0.6.jar"
  done
  {
    printf 'cluster: bench\nssh: { user: %s, port: 2262 }\nnodes:\n' "$(id -un)"
    for i in $(seq 50); do
      printf '  - { name: n%s, address: 127.0.1.%s, datacenter: dc1, rack: r%s, cassandra: { install: tarball, location: %s, config: %s, start: "true", stop: "true" } }\n' \
        "$i" "$i" $((i % 3 + 1)) "$1/cassandra-$i" "$1/cassandra-$i/conf/cassandra.yaml"
    done
  } >"$1/inventory.yaml"
  cat >"$1/playbook.yaml" <<'X'
playbook: enable-client-tls
stores:
  keystore:   { from: "{node}.p12", to: /etc/cassandra-tls/keystore.p12, password: env:KEYSTORE_PASSWORD }
  truststore: { from: truststore.p12, to: /etc/cassandra-tls/truststore.p12, password: env:TRUSTSTORE_PASSWORD }
phases:
  - name: accept
    client_encryption_options: { enabled: true, optional: true }
  - name: require
    client_encryption_options: { enabled: true, optional: false }
X
}
