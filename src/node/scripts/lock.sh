# The lock of a node: a file that says who may change it. Its time of change is its holder's last sign of life.
# take|renew|release|break|show RUN TOKEN BY FROM OVER. FROM: the run that this one takes back, or nothing; OVER: runs from
# which it may take the lock; of break: the tokens of the processes from which it is taken, or nothing for all. A lock that is broken stays as a file of that name until the next is taken: a node that waits
# for its run to decide sees by it that the run did not.
# Sections of the answer: verdict (mine, other, absent or failed), and of another's lock: lock, beat, now.
verb=$1 run=$2 token=$3 by=$4 from=$5 over=$6
umask 077
# As the probe names it.
if [ "$(id -u)" = 0 ]; then directory=/var/lib/ringwalk; else directory=${HOME%/}/.local/state/ringwalk; fi
lock=$directory/lock broken=$directory/broken new=$directory/lock.$$.new out=$directory/lock.$$.out

undo() {
  rm -f "$new"
  [ ! -e "$out" ] || put_back
}
trap undo EXIT
trap 'exit 143' HUP INT TERM

answer() { section verdict "$1"; exit 0; }

# Sets held, held_run and held_token to what file $1 says; false if there is none.
look() {
  held='' held_run='' held_token=''
  [ -e "$1" ] || return 1
  held=$(cat "$1" 2>/dev/null) || [ -e "$1" ] || return 1
  line=${held%%"$newline"*} rest=${held#*"$newline"}
  held_run=${line#run }
  line=${rest%%"$newline"*}
  held_token=${line#token }
}

is_ours() { [ "$held_run" = "$run" ] && [ "$held_token" = "$token" ]; }

# Another process of this run has it, or a run before it: that is dead, or finds out that it lost the lock.
passes() {
  [ -n "$held_run" ] || return 1
  case " $run $over " in *" $held_run "*) return 0 ;; esac
  return 1
}

answer_other() {
  section lock "$held"
  section beat "$(stat -c %Y "$lock" 2>/dev/null)"
  section now "$(date +%s)"
  answer other
}

put_back() {
  ln "$out" "$lock" 2>/dev/null
  rm -f "$out"
}

# Takes the lock away if it still is what was looked at, or has it be file $1. One that changed hands meanwhile is put back.
take_away() {
  looked_at=$held
  mv "$lock" "$out" 2>/dev/null || return 1
  look "$out"
  if [ "$held" = "$looked_at" ]; then
    if [ $# = 0 ]; then rm -f "$out"; else mv -f "$out" "$1"; fi
    sync "$directory"
  else
    put_back
    return 1
  fi
}

# The file is whole before it has its name, and a link is made once only.
take() {
  mkdir -p "$directory" || answer failed
  printf 'run %s\ntoken %s\nby %s\nsince %s\nfrom %s\n' "$run" "$token" "$by" "$(date +%s)" "$from" >"$new" && sync "$new" || answer failed
  for try in 1 2 3; do
    if ln "$new" "$lock" 2>/dev/null; then taken; fi
    look "$lock" || continue
    if is_ours; then answer mine; fi
    if passes; then take_away; else answer_other; fi
  done
  if ln "$new" "$lock"; then taken; fi
  answer failed
}

taken() {
  rm -f "$broken"
  sync "$directory"
  answer mine
}

renew() {
  look "$lock" || answer absent
  is_ours || answer_other
  touch -c "$lock" || answer failed
  answer mine
}

release() {
  look "$lock" || answer absent
  is_ours || answer_other
  if take_away; then rm -f "$broken"; fi
  answer absent
}

# Takes away the lock of a run. A process that resumed it since somebody looked is another than was looked at.
break_up() {
  look "$lock" || answer absent
  [ "$held_run" = "$run" ] || answer_other
  case " $over " in '  ' | *" $held_token "*) ;; *) answer_other ;; esac
  take_away "$broken" || answer_other
  answer mine
}

show() {
  look "$lock" || answer absent
  answer_other
}

case $verb in
  break) break_up ;;
  *) "$verb" ;;
esac
