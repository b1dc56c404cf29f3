# The mark that a node owes a look: `owe` writes the run's id, `confirm` takes it away, and with it the word that the node
# has healed itself before. What another run has written since is left alone.
# owe|confirm STATE_DIR RUN SEEN(the mark of an earlier run, which is answered for too, or nothing)
# The first word of the answer: done, other (and the run), failed.
verb=$1 directory=$2 run=$3 seen=$4
umask 077
mark=$directory/owed

owe() {
  mkdir -p "$directory" && printf '%s\n' "$run" >"$mark.tmp" && sync "$mark.tmp" && mv -f "$mark.tmp" "$mark" && sync "$directory"
}

confirm() {
  owed=''
  { read -r owed <"$mark"; } 2>/dev/null
  case $owed in
    '' | "$run" | "$seen") ;;
    *) printf 'other %s\n' "$owed"; exit 0 ;;
  esac
  rm -f "$directory/healed"
  [ ! -e "$mark" ] || { rm -f "$mark" && sync "$directory"; }
}

if "$verb"; then echo 'done'; else rm -f "$mark.tmp"; echo failed; fi
