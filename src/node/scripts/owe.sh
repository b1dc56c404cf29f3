# The mark that a node owes a look: `owe` writes the run's id, `confirm` takes it away if it is this run's.
# owe|confirm STATE_DIR RUN; the first word of the answer: done, other, failed.
verb=$1 directory=$2 run=$3
umask 077
mark=$directory/owed

owe() {
  mkdir -p "$directory" && printf '%s\n' "$run" >"$mark.tmp" && sync "$mark.tmp" && mv -f "$mark.tmp" "$mark" && sync "$directory"
}

owes=''
if [ -e "$mark" ]; then read -r owes <"$mark"; fi
case $verb in
  owe) if owe; then echo 'done'; else rm -f "$mark.tmp"; echo failed mark; fi ;;
  confirm)
    case $owes in
      '') echo 'done' ;;
      "$run") if rm -f "$mark"; then sync "$directory"; echo 'done'; else echo failed mark; fi ;;
      *) printf 'other %s\n' "$owes" ;;
    esac ;;
esac
