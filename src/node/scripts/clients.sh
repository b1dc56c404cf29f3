# Prints the TCP sockets that listen on port $1 (hexadecimal) or are connected to it, as the Cassandra here sees them, and
# which process that is: its pid, and when it began.
find_cassandra
sockets='' began=''
for pid in $found; do
  sockets=$(grep -hE "^ *[0-9]+: [0-9A-F]+:$1 [0-9A-F]+:[0-9A-F]{4} 0[1A] " "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" 2>/dev/null)
  ! process_stat "$pid" || began="$pid $ticks"
  break
done
[ -n "$found" ] || { section none ''; exit 0; }
section process "$began"
section sockets "$sockets"
