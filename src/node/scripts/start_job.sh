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
  # logind may end all processes of a session with it; a unit of its own is in no session. What the job starts outlives
  # the unit: it may be Cassandra.
  if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && command -v systemd-run >/dev/null; then
    ! systemd-run --quiet --collect --unit="ringwalk-${directory##*/}-$id" -p KillMode=process -p TasksMax=infinity \
      sh "$directory/$id.sh" "$directory" "$id" "$@" </dev/null >/dev/null 2>&1 || return 0
  fi
  if command -v setsid >/dev/null; then
    setsid sh "$directory/$id.sh" "$directory" "$id" "$@" </dev/null >/dev/null 2>&1 &
  else
    nohup sh "$directory/$id.sh" "$directory" "$id" "$@" </dev/null >/dev/null 2>&1 &
  fi
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
