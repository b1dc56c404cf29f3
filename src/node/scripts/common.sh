# What the scripts below share. POSIX sh: dash, bash, BusyBox ash.
set -u
locale_of_login=${LC_ALL-}
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset CDPATH
newline='
'

# Undoes what a child should not inherit: a JVM takes its character set from the locale.
as_at_login() {
  if [ -n "$locale_of_login" ]; then LC_ALL=$locale_of_login; else unset LC_ALL; fi
}

# A section of the answer: its name, how many bytes, the bytes.
section() { printf '%s %d\n%s\n' "$1" "${#2}" "$2"; }

# The same for lines that a program prints: $1, then their end. A shell that takes them in first copies itself for it.
lines_of() {
  printf '%s -\n' "$1"
  shift
  "$@" 2>/dev/null
  printf '.\n'
}

# Sets sha256_tool to what there is.
find_sha256_tool() {
  for sha256_tool in sha256sum 'shasum -a 256' 'openssl dgst -sha256 -r'; do
    ! command -v "${sha256_tool%% *}" >/dev/null || return 0
  done
  sha256_tool=''
  return 1
}

# Sets sha256 to that of file $1, or to nothing.
hash_of() {
  sha256=$($sha256_tool "$1" 2>/dev/null) || { sha256=''; return 1; }
  sha256=${sha256#\\}
  sha256=${sha256%% *}
}

# Whether file $1 has entries of an access list beyond owner, group and others.
has_access_list() {
  command -v setfacl >/dev/null && [ -n "$(getfacl -csp "$1" 2>/dev/null)" ]
}

# Sets state and ticks (when it began) of process $1; false if there is none. A zombie is none.
process_stat() {
  { read -r process_line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -f
  set -- ${process_line##*) }
  set +f
  state=$1 ticks=${20}
  case $state in Z | X) return 1 ;; esac
}

# Sets found to the ids of all processes that are a Cassandra, and arguments to those of the last one, a line each. An
# argument must be its main class and no more: a script or an editor that merely mentions it is none. Only what bears the
# name of a Java is looked into: a name the shell reads by itself, a command line takes a program.
find_cassandra() {
  found='' arguments='' javas=''
  for process in /proc/[0-9]*; do
    read -r command <"$process/comm" || continue
    case $command in *java* | *jsvc* | *cassandra*) javas="$javas ${process#/proc/}" ;; esac
  done 2>/dev/null
  for process in $javas; do
    process_stat "$process" || continue
    command_line=$({ tr '\0' '\n' <"/proc/$process/cmdline"; } 2>/dev/null)
    case $newline$command_line$newline in
      *"${newline}org.apache.cassandra.service.CassandraDaemon$newline"* | *"${newline}com.datastax.bdp.DseModule$newline"*)
        found="$found${found:+ }$process" arguments=$command_line ;;
    esac
  done
}
