# What a restart does once nobody is there and Cassandra does not answer: the old files come back, and it starts again.
# ID.heal says how many seconds without a sign of life of its run make nobody; then, four lines a file, its path, the copy
# of the old one, and the SHA-256 (or absent) of the old one and of the one that the run wrote.

# Soon enough after a node was confirmed or given up, and nothing beside a JVM.
look_every_s=5
# No run waits for longer in one place; a watch that was forgotten ends.
watch_at_most_s=172800

# Ends when somebody has decided: the node was confirmed, the lock given back in order, or another restart begun there.
# Whoever holds the lock, and touches it, is there to decide; one that is broken has not been given back.
watch_over() {
  [ -e "$old_files" ] || return 0
  trap 'exit 0' HUP INT TERM
  read -r heal_s <"$old_files"
  look_at_clock
  watched_since=$uptime sign_at=$uptime beat=''
  while :; do
    is_awaited || return 0
    look_at_clock
    last_beat=$beat
    look_at_beat
    [ "$beat" = "$last_beat" ] || sign_at=$uptime
    [ $((uptime - sign_at)) -lt $((heal_s * 100)) ] || break
    [ $((uptime - watched_since)) -lt $((watch_at_most_s * 100)) ] || return 0
    sleep $look_every_s
  done
  answers || heal
}

# Whether it is still to be decided what becomes of the node. A lock that passes from one to another is gone for a moment.
is_awaited() {
  owed='' latest=''
  { read -r owed <"$state_dir/owed"; read -r latest <"$state_dir/latest"; } 2>/dev/null
  [ -n "$owed" ] && [ "$latest" = "$run $id" ] || return 1
  is_locked || { sleep $look_every_s; is_locked; }
}

is_locked() { [ -e "$state_dir/lock" ] || [ -e "$state_dir/broken" ]; }

# Sets beat to the last sign of life of whoever holds the lock; breaking it is none.
look_at_beat() {
  beat=$(stat -c %Y "$state_dir/lock" 2>/dev/null || stat -c %Y "$state_dir/broken" 2>/dev/null)
}

# To stop a process takes long, and somebody may have come meanwhile.
somebody_came() {
  last_beat=$beat
  look_at_beat
  [ "$beat" != "$last_beat" ] || ! is_awaited
}

# The client port listens, and its process is not frozen. Cassandra opens it last of all: with a store that it cannot open
# it exits before (measured), and a shell without tools can ask no more of it.
answers() {
  find_cassandra
  listens=$(printf '^ *[0-9]+: [0-9A-F]+:%04X [0-9A-F]+:0000 0A ' "$port")
  for candidate in $found; do
    process_stat "$candidate" || continue
    case $state in T | t) continue ;; esac
    ! grep -qE "$listens" "/proc/$candidate/net/tcp" "/proc/$candidate/net/tcp6" 2>/dev/null || return 0
  done
  return 1
}

heal() {
  current=heal well=healed ill=unhealed ended=$directory/$id.heal-ended
  trap 'failed 143 "the job was ended from outside"' HUP INT TERM
  stage healing
  find_sha256_tool || failed 1 "no tool for SHA-256"
  each_file is_fit || failed 1 "$why"
  old_pid='' old_ticks=''
  find_old
  if [ -n "$old_pid" ] || [ "$kind" = systemd ]; then end; fi
  current=heal
  if somebody_came; then
    stage "$ill" heal 1 "somebody came when Cassandra was stopped for it: no file was put back"
    rm -f "$ended"
    watch_over
    return
  fi
  each_file put_back || failed 1 "$why"
  begin
  current=answer
  until answers; do
    look_at_clock
    [ $uptime -lt $deadline ] || failed 1 "with its old files back, its client port is closed $start_s s after the start"
    pause
  done
  find_new
  remember "its old files are back and it runs with them"
  { read -r owed <"$state_dir/owed"; } 2>/dev/null
  [ "$owed" != "$run" ] || rm -f "$state_dir/owed"
  stage "$well" "$new_pid" "$new_ticks"
}

# For whoever looks at the node next.
remember() {
  printf '%s %s %s\n' "$run" "$(date +%s)" "$*" >"$state_dir/healed.tmp" && sync "$state_dir/healed.tmp" && mv -f "$state_dir/healed.tmp" "$state_dir/healed" && sync "$state_dir"
}

# Does $1 for each file; ends with the first for which it fails, and why is why.
each_file() {
  {
    read -r _
    while IFS= read -r path && IFS= read -r backup && read -r was && read -r becomes; do
      real=$path
      [ ! -L "$path" ] || real=$(readlink -f "$path")
      "$1" || return 1
    done
  } <"$old_files"
}

# Sets present to the hash of the file that stands there, or to absent.
look_at_file() {
  present=absent
  [ ! -e "$real" ] || { hash_of "$real"; present=$sha256; }
}

# A file that something else has changed since is left alone, and so are then all.
is_fit() {
  look_at_file
  case $present in
    "$was") return 0 ;;
    "$becomes") ;;
    *) why="$path is not as run $run left it: no file was put back"; return 1 ;;
  esac
  [ "$was" != absent ] || return 0
  hash_of "$backup"
  why="the copy of $path is gone or damaged: no file was put back"
  [ "$sha256" = "$was" ] && [ -e "$backup.attributes" ]
}

put_back() {
  look_at_file
  why="cannot put $path back (see $directory/$id.log)"
  if [ "$present" = "$was" ]; then
    attributes_back
    return
  fi
  if [ "$was" = absent ]; then
    rm -f "$real" && sync "${real%/*}"
    return
  fi
  temporary=${real%/*}/.ringwalk-heal.$$.tmp
  if copy_old && mv -f "$temporary" "$real"; then
    sync "${real%/*}"
  else
    rm -f "$temporary"
    return 1
  fi
}

# Owner and mode of a file whose contents are what they were.
attributes_back() {
  [ "$was" != absent ] && [ -e "$backup.attributes" ] || return 0
  read -r owner mode <"$backup.attributes" || return 1
  [ "$(stat -c '%u:%g %a' "$real")" != "$owner $mode" ] || return 0
  chown "$owner" "$real" && chmod "$mode" "$real" && access_back "$real" && sync "$real"
}

# The access list that the old file had, if it had one.
access_back() { [ ! -e "$backup.acl" ] || setfacl --set-file="$backup.acl" "$1"; }

# The old file beside the new one, with the owner, mode and access list that it had.
copy_old() {
  cp "$backup" "$temporary" || return 1
  ! has_access_list "$temporary" || setfacl -b "$temporary" || return 1
  read -r owner mode <"$backup.attributes" && chown "$owner" "$temporary" && chmod "$mode" "$temporary" && access_back "$temporary" || return 1
  if [ -e "$real" ] && [ -e /sys/fs/selinux/enforce ] && command -v chcon >/dev/null; then
    chcon --reference="$real" "$temporary" || return 1
  fi
  sync "$temporary" && hash_of "$temporary" && [ "$sha256" = "$was" ]
}
