# Says which Cassandra runs, if any; of several the youngest.
find_cassandra
pid='' begun=0
for candidate in $found; do
  process_stat "$candidate" || continue
  [ "$ticks" -lt "$begun" ] || pid=$candidate begun=$ticks pid_state=$state
done
if [ -n "$pid" ]; then
  user=$(stat -c %U "/proc/$pid" 2>/dev/null)
  cwd=''
  if { cd -P "/proc/$pid/cwd"; } 2>/dev/null; then cwd=$PWD; fi
  section process "$pid $begun $pid_state"
  section user "$user"
  section cwd "$cwd"
else
  section none ''
fi
