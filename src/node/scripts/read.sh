# Prints file $1, at most $2 bytes of it.
[ -e "$1" ] || { echo absent; exit 0; }
[ -f "$1" ] || { echo kind; exit 0; }
[ -r "$1" ] || { echo denied; exit 0; }
echo file
exec head -c "$2" "$1"
