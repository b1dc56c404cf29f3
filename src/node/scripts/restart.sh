# Restarts Cassandra: clients go, the node is drained, stopped and started. Runs by itself, with no one connected; what it
# does stands in ID.status, a line a stage: `SECONDS.MILLIS STAGE DETAIL`; the last is `done PID TICKS` or
# `failed STAGE CODE DETAIL`, unless a watch over the node follows and finds that it must heal it: then `healing` and its
# stages, and `healed PID TICKS` or `unhealed STAGE CODE DETAIL`. What the commands print stands in ID.log.
# DIRECTORY ID KIND(systemd|sysv|command) START STOP CLIENTS_S DRAIN_S STOP_S START_S OLD_PID OLD_TICKS 'PORT…' NODETOOL…
directory=$1 id=$2 kind=$3 start=$4 stop=$5 clients_s=$6 drain_s=$7 stop_s=$8 start_s=$9
shift 9
old_pid=$1 old_ticks=$2 ports=$3 port=${3%% *}
shift 3
umask_of_login=$(umask)
umask 077
status=$directory/$id.status
state_dir=${directory%/runs/*} run=${directory##*/} old_files=$directory/$id.heal
current=begin well=done ill=failed ended=$directory/$id.ended dependents=''

# What a start command leaves to be started by others (cron, a supervisor) must have begun by then.
settle_s=30

main() {
  mkdir "$directory/$id.begun" || exit 0
  trap 'rm -f "$directory/$id.password"' EXIT
  trap 'failed 143 "the job was ended from outside"' HUP INT TERM
  exec </dev/null >>"$directory/$id.log" 2>&1
  process_stat $$
  printf '%s %s\n' $$ "$ticks" >"$directory/$id.pid.tmp" && mv "$directory/$id.pid.tmp" "$directory/$id.pid" || exit 1
  # Of all runs: what an earlier job watches over is this one's from now on.
  printf '%s %s\n' "$run" "$id" >"$state_dir/latest"
  find_old
  cwd=/
  if [ -n "$old_pid" ]; then
    if { cd -P "/proc/$old_pid/cwd"; } 2>/dev/null; then cwd=$PWD; cd /; fi
    let_clients_go "$@"
    drain "$@"
  fi
  # nodetool was called for the last time; whoever reads the last line finds no password left.
  rm -f "$directory/$id.password"
  if [ -n "$old_pid" ] || [ "$kind" = systemd ]; then end; fi
  begin
  stage "$well" "$new_pid" "$new_ticks"
  watch_over
}

stage() {
  now=$(date +%s.%N)
  case $now in *.*[!0-9]* | *.) now=$(date +%s).000000000 ;; esac
  printf '%s %s\n' "${now%??????}" "$*" >>"$status"
}

# The status says how it ended; an exit code would only leave a failed unit behind. A process that did not end yet may end
# later, by systemd's own deadline: then nobody has started it again.
failed() {
  code=$1
  shift
  rm -f "$directory/$id.password"
  [ "$ill" = failed ] || remember "it could not heal itself: $current: $*"
  stage "$ill" "$current" "$code" "$*"
  case $ill$current in failedstart | failedstop) [ "$code" = 143 ] || watch_over ;; esac
  exit 0
}

# A JVM that does not begin says why in several lines, and the last of them says least. Under systemd they are in its journal.
failed_saying() {
  if [ "$kind" = systemd ]; then of_unit >>"$directory/$id.said"; fi
  with_words "$2" 6
  failed "$1" "$words"
}

# What the processes of the unit have said since it was started, without what systemd says of it.
of_unit() {
  timeout -k "$kill_s" 10 journalctl -q --no-pager -o cat -n 40 -u "$start" --since "@$begun_s" 2>/dev/null |
    grep -v -e "^$start: " -e '^Start[ie]' -e '^Failed to start ' | tail -n 6
}

noted() {
  with_words "$1"
  stage noted "$words"
}

# Sets uptime to hundredths of a second since boot.
look_at_clock() {
  read -r uptime _ </proc/uptime
  uptime=${uptime%.*}${uptime#*.}
}

pause() { sleep 0.1 2>/dev/null || sleep 1; }

is_old() { [ "$1" = "$old_pid" ] && [ "$2" = "$old_ticks" ]; }

old_is_alive() { process_stat "$old_pid" && [ "$ticks" = "$old_ticks" ]; }

# The process that was seen before, or the one that runs now if that is gone.
find_old() {
  [ -z "$old_pid" ] || ! old_is_alive || return 0
  find_cassandra
  case $found in *' '*) failed 1 "several Cassandra processes run: $found" ;; esac
  old_pid=$found old_ticks=''
  [ -z "$old_pid" ] || ! process_stat "$old_pid" || old_ticks=$ticks
  [ -n "$old_ticks" ] || old_pid=''
}

# LIMIT_S VERB NODETOOL…: notes a refusal; a node that does not answer to nodetool can still be stopped.
ask_nodetool() {
  limit_s=$1 verb=$2
  shift 2
  if [ -e "$directory/$id.password" ]; then set -- "$@" -pwf "$directory/$id.password"; fi
  (as_at_login; exec timeout -k "$kill_s" "$limit_s" "$@" "$verb") >"$directory/$id.said" 2>&1
  code=$?
  cat "$directory/$id.said"
  [ $code = 0 ] || noted "$verb ended with code $code"
}

# $1, and the last $2 lines that a command said; one, if nothing is said of them.
with_words() {
  words=$(grep -v '^[[:space:]]*$' "$directory/$id.said" | tail -n "${2-1}" | sed -e :a -e '$!N' -e 's/\n/; /' -e ta)
  words=$1${words:+": $words"}
}

let_clients_go() {
  current=disablebinary
  stage disablebinary
  ask_nodetool "$disablebinary_s" disablebinary "$@"
  current=clients
  stage clients
  established=''
  for one in $ports; do
    established=$established${established:+'|'}$(printf '^ *[0-9]+: [0-9A-F]+:%04X [0-9A-F]+:[0-9A-F]+ 01 ' "$one")
  done
  look_at_clock
  deadline=$((uptime + clients_s * 100))
  while grep -qE "$established" "/proc/$old_pid/net/tcp" "/proc/$old_pid/net/tcp6" 2>/dev/null; do
    look_at_clock
    if [ $uptime -ge $deadline ]; then stage noted "clients are still connected after $clients_s s"; break; fi
    pause
  done
}

drain() {
  current=drain
  stage drain
  ask_nodetool "$drain_s" drain "$@"
}

end() {
  current=stop
  stage stop
  look_at_clock
  deadline=$((uptime + stop_s * 100))
  case $kind in
    systemd) find_dependents; timeout -k "$kill_s" "$stop_s" systemctl stop "$stop" ;;
    sysv) (as_at_login; umask "$umask_of_login"; exec timeout -k "$kill_s" "$stop_s" "$stop" stop) ;;
    command) if [ -n "$stop" ]; then (as_at_login; exec timeout -k "$kill_s" "$stop_s" sh -c "$stop"); elif old_is_alive; then kill -TERM "$old_pid" || ! old_is_alive; fi ;;
  esac >"$directory/$id.said" 2>&1
  code=$?
  cat "$directory/$id.said"
  [ $code = 0 ] || noted "the stop command ended with code $code"
  [ -n "$old_pid" ] || return 0
  while old_is_alive; do
    look_at_clock
    if [ $uptime -ge $deadline ]; then
      case $state in
        T) failed 1 "process $old_pid still runs after $stop_s s: it is stopped by a signal (SIGSTOP)" ;;
        *) failed 1 "process $old_pid still runs after $stop_s s$([ "$kind" != systemd ] || echo "; systemd goes on stopping it")" ;;
      esac
    fi
    pause
  done
}

# Notes the units that systemd stops with this one (Requires=, BindsTo=, PartOf=), and does not start with it.
find_dependents() {
  for unit in $(timeout -k "$kill_s" 10 systemctl show -p RequiredBy -p BoundBy -p ConsistsOf "$stop" 2>/dev/null | sed 's/^[^=]*=//'); do
    case " $dependents " in *" $unit "*) continue ;; esac
    ! systemctl is-active --quiet "$unit" || dependents="$dependents $unit"
  done
}

start_dependents() {
  for unit in $dependents; do
    systemctl start --no-block "$unit" || stage noted "systemctl start $unit ended with code $?"
  done
}

run_start() {
  as_at_login
  umask "$umask_of_login"
  cd "$cwd" || cd /
  case $kind in
    systemd) systemctl reset-failed "$start" 2>/dev/null; systemctl start "$start" ;;
    sysv) "$start" start ;;
    command) sh -c "$start" ;;
  esac
}

# Sets new_pid and new_ticks to a Cassandra that is not the old one, or to nothing.
find_new() {
  new_pid='' new_ticks=''
  find_cassandra
  for candidate in $found; do
    process_stat "$candidate" || continue
    is_old "$candidate" "$ticks" || { new_pid=$candidate new_ticks=$ticks; return; }
  done
}

# A start command may stay in the foreground as Cassandra's parent; the process counts once the command has ended or two
# seconds have passed. A Cassandra that was started so keeps this as its stdout, and logs there as long as it lives: what
# comes after the first 64 KiB goes nowhere (a JVM ignores SIGPIPE).
begin() {
  current=start
  stage start
  : >"$directory/$id.said"
  begun_s=$(date +%s)
  { (run_start 2>&1); echo $? >"$ended.tmp"; mv "$ended.tmp" "$ended"; } | head -c 65536 >"$directory/$id.said" &
  look_at_clock
  deadline=$((uptime + start_s * 100)) seen_at='' ended_at='' code=0
  while :; do
    look_at_clock
    if [ -z "$ended_at" ] && [ -e "$ended" ]; then
      ended_at=$uptime
      read -r code <"$ended"
    fi
    find_new
    if [ -n "$new_pid" ]; then
      seen_at=${seen_at:-$uptime}
      if [ -n "$ended_at" ] || [ $((uptime - seen_at)) -ge 200 ]; then break; fi
    elif [ -n "$seen_at" ]; then
      pause
      failed_saying 1 "the new process ended at once"
    elif [ -n "$ended_at" ]; then
      [ "$code" = 0 ] || pause
      [ "$code" = 0 ] || failed_saying "$code" "the start command ended with code $code"
      [ $((uptime - ended_at)) -lt $((settle_s * 100)) ] || failed_saying 1 "no Cassandra runs $settle_s s after the start command ended"
    fi
    [ $uptime -lt $deadline ] || failed_saying 1 "no Cassandra runs after $start_s s"
    pause
  done
  [ "$code" = 0 ] || noted "the start command ended with code $code"
  start_dependents
}

main "$@"
