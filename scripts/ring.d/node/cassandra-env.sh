# Read by cassandra and nodetool: JMX_PORT, and JVM_OPTS for the server.
for options in "$CASSANDRA_CONF"/jvm.options "$CASSANDRA_CONF"/jvm*-server.options; do
  [ ! -e "$options" ] || JVM_OPTS="$JVM_OPTS $(grep '^-' "$options" | tr '\n' ' ')"
done
JVM_OPTS="$JVM_OPTS -javaagent:$(ls "$CASSANDRA_HOME"/lib/jamm-*.jar)"
LOCAL_JMX="${LOCAL_JMX:-yes}"
JMX_PORT="7199"
JVM_OPTS="$JVM_OPTS -Dcassandra.jmx.local.port=$JMX_PORT $JVM_EXTRA_OPTS"
