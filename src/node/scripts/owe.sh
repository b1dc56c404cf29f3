# The mark that a node owes a look: `owe` writes the run's id, `confirm` takes it away, and with it the word that the node
# has healed itself before.
# owe|confirm STATE_DIR RUN; the first word of the answer: done, failed.
verb=$1 directory=$2 run=$3
umask 077
mark=$directory/owed

owe() {
  mkdir -p "$directory" && printf '%s\n' "$run" >"$mark.tmp" && sync "$mark.tmp" && mv -f "$mark.tmp" "$mark" && sync "$directory"
}

confirm() {
  rm -f "$directory/healed"
  [ ! -e "$mark" ] || { rm -f "$mark" && sync "$directory"; }
}

if "$verb"; then echo 'done'; else rm -f "$mark.tmp"; echo failed; fi
