# Starts a job that outlives this connection, once.
# DIRECTORY ID TEXT PASSWORD(yes|no: stdin is the file for nodetool) ARGUMENT…
# The first word of the answer: started, already, failed.
directory=$1 id=$2 text=$3 has_password=$4
shift 4
umask_of_login=$(umask)
umask 077

answer() { printf '%s\n' "$*"; exit 0; }

begun() { [ -e "$directory/$id.pid" ]; }

# Ends with the job called off: it begins by making this directory, and whoever comes second gives up.
call_off() {
  if mkdir "$directory/$id.begun" 2>/dev/null; then rm -f "$directory/$id.password"; fi
  answer failed
}

detach() {
  as_at_login
  umask "$umask_of_login"
  set -- sh "$directory/$id.sh" "$directory" "$id" "$@"
  # logind may end all processes of a session with it; a scope of its own is in no session. Unlike a service it leaves the
  # job what the login has: PATH and JAVA_HOME, by which nodetool finds its Java, umask and limits. A job that began says so
  # by its directory, and does not begin twice.
  if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && command -v systemd-run >/dev/null; then
    set -- sh -c 'unit=$1; shift; systemd-run --quiet --scope --collect --unit="$unit" -p TasksMax=infinity "$@" || exec "$@"' \
      detach "ringwalk-${directory##*/}-$id" "$@"
  fi
  if command -v setsid >/dev/null; then set -- setsid "$@"; else set -- nohup "$@"; fi
  "$@" </dev/null >/dev/null 2>&1 &
}

mkdir -p "$directory" || answer failed
! begun || answer already
if [ "$has_password" = yes ]; then
  cat >"$directory/$id.password" || call_off
fi
printf '%s\n' "$text" >"$directory/$id.sh" || call_off
detach "$@"
tries=0
until begun; do
  tries=$((tries + 1))
  [ $tries -le 200 ] || { echo 'the job did not begin within 10 s' >&2; call_off; }
  sleep 0.05 2>/dev/null || sleep 1
done
answer started
