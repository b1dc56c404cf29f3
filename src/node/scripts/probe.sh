# Says all about a node in one go. Few forks: what the shell can read itself it reads itself.
# LOCATION CONFIG SERVICE NODETOOL INSTALL(auto|package|tarball) STORE…
location=${1%/} config=$2 service=$3 nodetool=$4 install=$5
shift 5

main() {
  section probe 1
  identity
  tools
  find_cassandra
  section processes "$found"
  pid='' cwd='' real='' yaml=''
  case $found in '' | *' '*) ;; *) pid=$found ;; esac
  [ -z "$pid" ] || running "$pid"
  candidates
  choose
  apart
  service_manager
  search
  section sockets "$sockets"
  files "$@"
  if [ -n "$yaml" ] && [ -r "$yaml" ]; then
    printf 'yaml\n'
    exec cat "$yaml"
  fi
}

identity() {
  uid=''
  while read -r key value _; do
    [ "$key" != Uid: ] || { uid=$value; break; }
  done </proc/self/status
  section uid "$uid"
  if [ "$uid" = 0 ]; then state_dir=/var/lib/ringwalk; else state_dir=${HOME%/}/.local/state/ringwalk; fi
  section state_dir "$state_dir"
  owed=''
  if [ -r "$state_dir/owed" ]; then read -r owed <"$state_dir/owed" || :; fi
  section owed "$owed"
  healed=''
  if [ -r "$state_dir/healed" ]; then IFS= read -r healed <"$state_dir/healed" || :; fi
  section healed "$healed"
  [ -e /proc/1/stat ] || section hidden yes
}

tools() {
  missing=''
  for tool in cat chmod chown cp date grep mkdir mv rm sed sleep stat sync tail timeout tr; do
    command -v $tool >/dev/null || missing="$missing$tool "
  done
  find_sha256_tool || missing="${missing}sha256sum"
  section missing "$missing"
}

running() {
  process_stat "$1" || { pid=''; return; }
  uids='' gids=''
  while read -r key value _; do
    case $key in Uid:) uids=$value ;; Gid:) gids=$value; break ;; esac
  done <"/proc/$1/status"
  if { cd -P "/proc/$1/cwd"; } 2>/dev/null; then cwd=$PWD; fi
  section process "$1 $ticks $uids $gids"
  section arguments "$arguments"
  section cwd "$cwd"
  java_version "$1"
}

# The Java of the process: its home has a file `release`, beside bin/ or, in 8, beside jre/.
java_version() {
  java=$(readlink "/proc/$1/exe") || return 0
  java=${java%/bin/java}
  for java in "$java" "${java%/jre}"; do
    [ -r "$java/release" ] || continue
    while read -r line; do
      case $line in JAVA_VERSION=*) line=${line#*=}; line=${line#\"}; section java "${line%\"}"; return ;; esac
    done <"$java/release"
  done
}

# Sets used to the cassandra.yaml of the running process: -Dcassandra.config as a URL or as a name in the class path.
used_by_process() {
  used='' name=cassandra.yaml class_path='' expected=''
  old_ifs=$IFS IFS=$newline
  set -f
  for argument in $arguments; do
    if [ -n "$expected" ]; then class_path=$argument expected=''; continue; fi
    case $argument in
      -Dcassandra.config=*) name=${argument#*=} ;;
      -cp | -classpath | --class-path) expected=yes ;;
      --class-path=*) class_path=${argument#*=} ;;
    esac
  done
  case $name in
    file:*)
      used=${name#file:}
      while :; do case $used in //*) used=${used#/} ;; *) break ;; esac; done ;;
    *)
      IFS=:
      for entry in $class_path; do
        case $entry in *.jar | *'*') continue ;; esac
        [ ! -e "${entry:-.}/$name" ] || { used=${entry:-.}/$name; break; }
      done ;;
  esac
  IFS=$old_ifs
  set +f
  case $used in '' | /*) ;; *) used=$cwd/$used ;; esac
}

# Sets real to the file that $1 is, behind its links.
behind_links() {
  real=$1
  if [ -L "$1" ]; then
    real=$(readlink -f "$1") || real=$1
  else
    here=$PWD
    if { cd -P "${1%/*}/"; } 2>/dev/null; then
      real=${PWD%/}/${1##*/}
      { cd "$here"; } 2>/dev/null || cd /
    fi
  fi
}

# Notes file $1 if it is there and is not one that was noted already under another name.
candidate() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    [ ! -d "${1%/*}" ] || [ -x "${1%/*}" ] || closed="$closed${1%/*}$newline"
    return
  fi
  behind_links "$1"
  case $newline$reals in *"$newline$real$newline"*) return ;; esac
  reals=$reals$real$newline
  paths=$paths$1$newline
  count=$((count + 1))
}

candidates() {
  reals='' paths='' closed='' count=0
  if [ "$install" != package ] && [ -n "$location" ]; then
    candidate "$location/conf/cassandra.yaml"
    candidate "$location/resources/cassandra/conf/cassandra.yaml"
  fi
  if [ "$install" = package ] || { [ "$install" = auto ] && [ -z "$location" ]; }; then
    candidate /etc/cassandra/cassandra.yaml
    candidate /etc/cassandra/conf/cassandra.yaml
    candidate /etc/cassandra/default.conf/cassandra.yaml
    candidate /etc/dse/cassandra/cassandra.yaml
  fi
  section candidates "$paths"
  section closed "$closed"
}

# The file that the running process uses wins, then the one that the inventory names, then the only one there is.
choose() {
  named=''
  [ -z "$pid" ] || used_by_process
  if [ -n "$pid" ] && [ -n "$used" ]; then
    yaml=$used
    if [ -n "$config" ]; then behind_links "$config"; named=$real; fi
  elif [ -n "$config" ]; then
    yaml=$config
  elif [ "$count" = 1 ]; then
    yaml=${paths%"$newline"}
  fi
  real=''
  [ -z "$yaml" ] || behind_links "$yaml"
  section named "$named"
  section yaml_path "$yaml"
  section yaml_real "$real"
  home=${location:-/usr/share/cassandra}
  case $real in
    */resources/cassandra/conf/*) home=${real%/resources/cassandra/conf/*} ;;
    */conf/*) [ ! -e "${real%/conf/*}/bin/nodetool" ] || home=${real%/conf/*} ;;
    /etc/dse/*) home=/usr/share/dse ;;
  esac
  section home "$home"
  if [ -z "$nodetool" ]; then
    for nodetool in "$home/bin/nodetool" "$home/resources/cassandra/bin/nodetool" /usr/bin/nodetool; do
      [ ! -x "$nodetool" ] || break
      nodetool=''
    done
    [ -n "$nodetool" ] || nodetool=$(command -v nodetool)
  fi
  section nodetool "$nodetool"
  jars=''
  for jar in "$home"/apache-cassandra-[0-9]*.jar "$home"/lib/apache-cassandra-[0-9]*.jar "$home"/lib/cassandra-all-*.jar \
    "$home"/dse-core-*.jar "$home"/lib/dse-core-*.jar "$home"/resources/dse/lib/dse-core-*.jar "$home"/resources/cassandra/lib/dse-db-all-*.jar; do
    [ ! -e "$jar" ] || jars=$jars$jar$newline
  done
  section jars "$jars"
}

# Whether the process has files of its own: another root, as in a container, or another file where we see the yaml. A unit
# with a private /tmp has a mount namespace of its own too, so that alone says nothing.
apart() {
  apart=''
  [ -n "$pid" ] && [ -e "/proc/$pid/root/" ] || return 0
  if [ ! "/proc/$pid/root/" -ef / ]; then
    apart=root
  elif [ -e "$yaml" ] && [ ! "/proc/$pid/root$yaml" -ef "$yaml" ]; then
    apart=$yaml
  fi
  section apart "$apart"
}

# Which unit or script runs Cassandra. A unit is believed to be the process's own by its name, or by its main process:
# a Cassandra that was started by hand lies in the unit of whatever started it, be it sshd's.
service_manager() {
  unit='' units='' scripts='' systemd=''
  [ ! -d /run/systemd/system ] || systemd=yes
  if [ -n "$pid" ] && [ -n "$systemd" ]; then
    while IFS=: read -r _ controller group; do
      case $controller in '' | name=systemd) ;; *) continue ;; esac
      case $group in */user@*) continue ;; */ringwalk-*) continue ;; *.service) unit=${group##*/} ;; esac
    done <"/proc/$pid/cgroup"
    case $unit in
      '' | *cassandra*.service | *dse*.service | *hcd*.service | "${service%.service}.service") ;;
      *) [ "$(systemctl show -p MainPID "$unit" 2>/dev/null)" = "MainPID=$pid" ] || unit='' ;;
    esac
  fi
  for candidate in ${service:-cassandra dse}; do
    for directory in /etc/systemd/system /run/systemd/system /run/systemd/generator.late /run/systemd/generator /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
      [ ! -e "$directory/${candidate%.service}.service" ] || { units="$units${candidate%.service}.service "; break; }
    done
    for directory in /etc/init.d /etc/rc.d/init.d; do
      [ ! -x "$directory/${candidate%.service}" ] || { scripts="$scripts$directory/${candidate%.service} "; break; }
    done
  done
  section systemd "$systemd"
  section unit "$unit"
  section units "$units"
  section scripts "$scripts"
}

# One search for all that is sought inside of files. Sets sockets to the listening ones, as the kernel lists them in the
# process's network, and values to what stands behind the names of stores in the yaml, a line each.
search() {
  sockets='' values=''
  set --
  [ -z "$yaml" ] || [ ! -r "$yaml" ] || set -- "$yaml"
  [ -z "$pid" ] || set -- "$@" "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6"
  [ $# != 0 ] || return 0
  old_ifs=$IFS IFS=$newline
  set -f
  for line in $(grep -hE '^ *[0-9]+: [0-9A-F]+:[0-9A-F]{4} 0+:0000 0A|(^|[{,[:space:]])(key|trust)store[[:space:]]*:' "$@" 2>/dev/null); do
    case $line in
      *keystore* | *truststore*) values_of " $line" keystore; values_of " $line" truststore ;;
      *) sockets=$sockets$line$newline ;;
    esac
  done
  set +f
  IFS=$old_ifs
}

# Notes what stands behind the last key $2 in line $1.
values_of() {
  value=$1
  trim
  case $value in \#*) return ;; esac
  value=${1##*[\{,[:space:]]"$2":}
  if [ "$value" = "$1" ]; then
    value=${1##*[\{,[:space:]]"$2"[[:space:]]}
    [ "$value" != "$1" ] || return 0
    trim
    case $value in :*) value=${value#:} ;; *) return ;; esac
  fi
  trim
  case $value in
    \"*\"*) value=${value#\"}; value=${value%%\"*} ;;
    \'*\'*) value=${value#\'}; value=${value%%\'*} ;;
    *) value=${value%% \#*}; value=${value%%[,\}]*}; trim ;;
  esac
  [ -z "$value" ] || values=$values$value$newline
}

# Takes the space off both ends of value.
trim() {
  while :; do
    case $value in
      [[:space:]]*) value=${value#?} ;;
      *[[:space:]]) value=${value%?} ;;
      *) return ;;
    esac
  done
}

# Stores by path, those that the caller names and those that the yaml names; what the yaml means is for the caller to say.
files() {
  asked='' directories='' unreadable='' existing='' noted=''
  for path in "$@" "$real" "$state_dir/."; do
    [ -z "$path" ] || directory_of "$path"
  done
  for path; do asked=$asked$path$newline; done
  old_ifs=$IFS IFS=$newline
  set -f
  for value in $values; do
    case $newline$asked in *"$newline$value$newline"*) continue ;; esac
    case $value in /*) ;; *) [ -n "$cwd" ] || continue ;; esac
    asked=$asked$value$newline
    set -- "$@" "$value"
  done
  set +f
  IFS=$old_ifs
  [ -z "$cwd" ] || { cd "$cwd"; } 2>/dev/null || cd /
  for path; do
    shift
    if [ -f "$path" ]; then
      if [ -r "$path" ]; then set -- "$@" "$path"; else unreadable=$unreadable$path$newline; fi
    else
      nearest "$path"
      [ -x "$above" ] || unreadable=$unreadable$above$newline
    fi
  done
  [ ! -e "$yaml" ] || [ -r "$yaml" ] || unreadable=$unreadable$yaml$newline
  section asked "$asked"
  section unreadable "$unreadable"
  section directories "$directories"
  if [ $# = 0 ] || [ -z "$sha256_tool" ]; then section sums ''; else lines_of sums $sha256_tool "$@"; fi
  if [ -n "${with_contents-}" ]; then
    contents "$@"
    # Who may write to a store's directory may put another in its place.
    for path; do
      case $path in ?*/*) set -- "$@" "${path%/*}" ;; esac
    done
  fi
  # The kernel makes a process's directory in /proc when it is asked for: stat's own is of this moment (measured).
  lines_of stats stat -L -c '%f/%s/%u/%g/%U/%G/%Y/%n' /proc/self "$@" ${real:+"$real"} ${pid:+"/proc/$pid"} /var/lib/cassandra "$home/data" "$home"
  old_ifs=$IFS IFS=$newline
  set -f
  set -- $existing
  set +f
  IFS=$old_ifs
  lines_of free stat -f -c '%a/%S/%n' "$@"
}

# For an audit, how long the machine is up, and the files themselves, which it opens: each at most 4 MiB.
contents() {
  uptime=''
  { read -r uptime _ </proc/uptime; } 2>/dev/null || :
  section uptime "$uptime"
  printed=''
  number=0
  for path; do
    lines_of "content_$number" beginning "$path"
    printed=$printed$path$newline
    number=$((number + 1))
  done
  section contents "$printed"
}

beginning() { head -c 4194304 "$1" | base64; }

# Sets directory to that of file $1, and above to the nearest one that is there.
nearest() {
  case $1 in */*) directory=${1%/*} ;; *) directory=. ;; esac
  directory=${directory:-/}
  above=$directory
  while [ ! -d "$above" ]; do
    case $above in /*/*) above=${above%/*} ;; /*) above=/ ;; */*) above=${above%/*} ;; *) above=. ;; esac
  done
}

# Notes the directory of file $1, which will be written to.
directory_of() {
  nearest "$1"
  case $newline$noted in *"$newline$directory$newline"*) return ;; esac
  noted=$noted$directory$newline
  writable=no
  [ ! -w "$above" ] || writable=yes
  directories=$directories$writable$newline$above$newline$directory$newline
  case $newline$existing in *"$newline$above$newline"*) ;; *) existing=$existing$above$newline ;; esac
}

main "$@"
