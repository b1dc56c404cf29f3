# Waits until a job has more to say than SEEN lines, or is over, or SECONDS have passed; prints all that it said.
# DIRECTORY ID SEEN SECONDS
directory=$1 id=$2 seen=$3 seconds=$4
status=$directory/$id.status

look() {
  verdict=absent lines=0 is_over=''
  [ -d "$directory/$id.begun" ] || return 0
  verdict=dead
  if { read -r pid begun <"$directory/$id.pid"; } 2>/dev/null; then
    ! process_stat "$pid" || [ "$ticks" != "$begun" ] || is_alive=yes
  elif [ $tries -lt 20 ]; then
    is_alive=yes
  fi
  if [ -e "$status" ]; then
    while read -r _ stage _; do
      lines=$((lines + 1))
      case $stage in 'done' | failed | healed | unhealed) is_over=yes ;; healing) is_over='' ;; esac
    done <"$status"
  fi
  if [ -n "$is_over" ]; then verdict=over; elif [ -n "$is_alive" ]; then verdict=alive; fi
}

tries=0
while :; do
  is_alive=''
  look
  tries=$((tries + 1))
  if [ $verdict != alive ] || [ $lines -gt "$seen" ] || [ $tries -gt $((seconds * 10)) ]; then break; fi
  sleep 0.1 2>/dev/null || sleep 1
done
said=''
[ ! -e "$status" ] || said=$(cat "$status")
section state "$verdict"
section status "$said"
