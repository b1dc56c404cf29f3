# What an operator has from a PKI: a CA, a store for each of n1, n2 and n3, and a truststore. Cases make them bad.
set -e
printf '%s' changeit >password

# authority FILE SUBJECT [ALGORITHM OPTION]
authority() {
  openssl req -x509 -newkey "${3:-ec}" -pkeyopt "${4:-ec_paramgen_curve:P-256}" -nodes -keyout "$1.key" -out "$1.pem" -days 3650 -subj "/CN=$2" \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign
}

# key NAME: a new private key.
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# certificate NAME CA EXTENSIONS [OPTIONS OF openssl x509]: one for its key, signed by the CA.
certificate() {
  name=$1 ca=$2
  printf '%b' "$3" >"$name.ext"
  shift 3
  openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
  case " $* " in *" -days "*) ;; *) set -- -days 397 "$@" ;; esac
  openssl x509 -req -in "$name.csr" -CA "$ca.pem" -CAkey "$ca.key" -CAcreateserial -out "$name.pem" -extfile "$name.ext" "$@"
}

usual() { printf 'subjectAltName=DNS:%s,IP:10.0.0.%s\\nextendedKeyUsage=serverAuth,clientAuth\\nkeyUsage=digitalSignature,keyEncipherment\\n' "$1" "${1#n}"; }

# store NAME CA [FILE OF THE PASSWORD]
store() {
  openssl pkcs12 -export -name "$1" -inkey "$1.key" -in "$1.pem" -certfile "$2.pem" -out "$1.store" -passout "file:${3:-password}"
}

# trust ALIAS: into the truststore.
trust() {
  keytool -importcert -noprompt -alias "$1" -file "$1.pem" -keystore truststore.store -storetype PKCS12 -storepass:file password
}

# sealed NAME [OPTIONS OF openssl pkcs8]: its private key under the password, as Cassandra reads it from PEM.
sealed() {
  name=$1
  shift
  [ $# -gt 0 ] || set -- -v1 PBE-SHA1-3DES
  openssl pkcs8 -topk8 "$@" -in "$name.key" -passout file:password
}

# Every store as PEM.
pem() {
  for name in n1 n2 n3; do { sealed "$name"; cat "$name.pem" ca.pem; } >"$name.store"; done
  cp ca.pem truststore.store
}
