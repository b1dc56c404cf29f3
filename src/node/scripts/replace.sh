# Replaces a file by what comes on stdin, whole or not at all.
# PATH EXPECT(sha256|absent|any) BECOMES(sha256, or absent: it is removed) BACKUP OWNER(user:group) MODE ACCESS_LIST(a file
# that may be there); the last four may be empty.
# The first word of the answer: replaced, already, changed, garbled, failed.
path=$1 expect=$2 becomes=$3 backup=$4 owner=$5 mode=$6 access_list=$7
umask 077
temporary='' backup_temporary='' made=''

undo() {
  [ -z "$temporary" ] || rm -f "$temporary"
  [ -z "$backup_temporary" ] || rm -f "$backup_temporary"
  [ -z "$made" ] || rmdir $made 2>/dev/null
}
trap undo EXIT
trap 'exit 143' HUP INT TERM

answer() { printf '%s\n' "$*"; exit 0; }

# Ends with what was being done; the words of the tool that refused are on stderr.
fail() { answer failed "$@"; }

main() {
  find_sha256_tool || fail missing sha256sum
  [ -n "$path" ] || fail path
  # A user alone means its own group too: a directory that is made for it must let it in.
  case $owner in '' | *:*) ;; *) ! group=$(id -gn "$owner" 2>/dev/null) || owner=$owner:$group ;; esac
  real=$path
  if [ -L "$path" ]; then real=$(readlink -f "$path") || fail links; fi
  directory=${real%/*}
  directory=${directory:-/}
  present=absent
  look
  if [ "$present" = "$becomes" ]; then
    # As it is wished from the beginning: then its owner and mode are what the way back needs. Else it is ours already.
    [ -z "$backup" ] || [ "$expect" != "$becomes" ] || [ -e "$backup" ] || back_up
    [ -z "$owner" ] || [ "$(stat -c %U:%G "$real")" = "$owner" ] || chown "$owner" "$real" || fail owner
    [ -z "$mode" ] || chmod "$mode" "$real" || fail mode
    [ -z "$access_list" ] || [ ! -e "$access_list" ] || setfacl --set-file="$access_list" "$real" || fail access
    answer already
  fi
  as_expected
  [ "$becomes" != absent ] || remove
  [ -d "$directory" ] || make_directory
  write
  [ -z "$backup" ] || [ "$present" = absent ] || [ -e "$backup" ] || back_up
  attributes
  sync "$temporary" || fail sync
  before=$present
  look
  [ "$present" = "$before" ] || answer changed "$present"
  mv -f "$temporary" "$real" || fail rename
  temporary='' made=''
  if [ "$before" = absent ] && [ -e /sys/fs/selinux/enforce ] && command -v restorecon >/dev/null; then restorecon "$real"; fi
  sync "$directory"
  answer replaced
}

remove() {
  [ -z "$backup" ] || [ -e "$backup" ] || back_up
  before=$present
  look
  [ "$present" = "$before" ] || answer changed "$present"
  rm -f "$real" || fail remove
  sync "$directory"
  answer replaced
}

# Sets present to the hash of what is there, or to absent.
look() {
  present=absent
  [ -e "$real" ] || return 0
  [ -f "$real" ] || fail kind
  hash_of "$real" || { cat "$real" >/dev/null; fail read; }
  present=$sha256
}

as_expected() {
  case $expect in any | "$present") ;; *) answer changed "$present" ;; esac
}

# Directories that are missing belong to root and to the file's group, which may enter and no one else.
make_directory() {
  missing='' above=$directory
  while [ ! -d "$above" ]; do
    missing="$above$newline$missing"
    above=${above%/*}
    above=${above:-/}
  done
  old_ifs=$IFS IFS=$newline
  set -f
  for above in $missing; do
    IFS=$old_ifs
    mkdir -m 750 "$above" || fail directory
    made="$above${made:+ }$made"
    case $owner in *:*) chgrp "${owner#*:}" "$above" || fail owner ;; esac
  done
  set +f
  IFS=$old_ifs
}

write() {
  rm -f "$directory"/.ringwalk.*.tmp
  temporary=$directory/.ringwalk.$$.tmp
  set -C
  cat >"$temporary" || fail write
  set +C
  hash_of "$temporary" || fail write
  [ "$sha256" = "$becomes" ] || answer garbled "$sha256"
}

# The backup is of the file that was looked at, or it is none. Its owner is the file's; notes beside it have the mode, and
# the access list if there is one.
back_up() {
  mkdir -p "${backup%/*}" || fail backup
  backup_temporary=$backup.tmp
  rm -f "$backup_temporary"
  cp -p "$real" "$backup_temporary" || fail backup
  chmod 600 "$backup_temporary" || fail backup
  hash_of "$backup_temporary" || fail backup
  [ "$sha256" = "$present" ] || answer changed "$sha256"
  stat -c '%u:%g %a' "$real" >"$backup.attributes" || fail backup
  ! has_access_list "$real" || { getfacl -cp "$real" >"$backup.acl" && sync "$backup.acl"; } || fail backup
  sync "$backup_temporary" "$backup.attributes" || fail backup
  mv -f "$backup_temporary" "$backup" || fail backup
  backup_temporary=''
  sync "${backup%/*}"
}

# Owner, mode, access list and label: as wished, or as the old file has them.
attributes() {
  was_owner='' was_mode=''
  if [ "$present" != absent ]; then
    was_owner=$(stat -c %u:%g "$real") was_mode=$(stat -c %a "$real")
  fi
  # What a directory gives to its files by default is not wished.
  ! has_access_list "$temporary" || setfacl -b "$temporary" || fail access
  wished=${owner:-$was_owner}
  case $wished in '' | "$(stat -c %u:%g "$temporary")" | "$(stat -c %U:%G "$temporary")") ;; *) chown "$wished" "$temporary" || fail owner ;; esac
  if [ -n "$mode$was_mode" ]; then chmod "${mode:-$was_mode}" "$temporary" || fail mode; fi
  if [ -n "$access_list" ] && [ -e "$access_list" ]; then
    setfacl --set-file="$access_list" "$temporary" || fail access
  fi
  [ "$present" != absent ] || return 0
  if [ -z "$mode" ] && has_access_list "$real"; then
    getfacl -p "$real" | setfacl --set-file=- "$temporary" || fail access
  fi
  if [ -e /sys/fs/selinux/enforce ] && command -v chcon >/dev/null; then chcon --reference="$real" "$temporary" || fail label; fi
}

main
