# shellcheck shell=bash
# A rolling restart of a real ring, by ringwalk and by hand. Sourced by scripts/bench.

bench_ring() {
  export RING_NAME=${RING_NAME:-bench}
  local work result=0
  cargo build --release --quiet || return 1
  scripts/ring up --version 5.0 --nodes 3 || return 1
  work=$(mktemp -d)
  time_pairs "$work" "${PAIRS:-3}" || result=1
  scripts/ring down
  rm -rf "$work"
  return $result
}

time_pairs() {                                     # DIR PAIRS
  local pair bare walked
  scripts/ring inventory >"$1/inventory.yaml"
  cat >"$1/restart.yaml" <<'X'
playbook: restart
phases:
  - name: restart
    restart: always
rollout: { canary: 0 }
X
  printf '%-6s %10s %12s %8s   %s\n' pair "bare, s" "ringwalk, s" ratio load
  for pair in $(seq "$2"); do
    settle; bare=$(seconds scripts/ring run bash scripts/bench.d/bare_loop "$(scripts/ring state)") || return 1
    settle; walked=$(seconds scripts/ring run target/release/ringwalk --runs-dir "$1/runs" -i "$1/inventory.yaml" -p "$1/restart.yaml" apply --yes) || return 1
    printf '%s %s\n' "$bare" "$walked" >>"$1/pairs"
    printf '%-6s %10s %12s %8s   %s\n' "$pair" "$bare" "$walked" "$(quotient "$walked" "$bare")" "$(cut -d' ' -f1-3 /proc/loadavg)"
  done
  summary "$1/pairs"
}

# A ring that has just come back still compacts and gossips; both sides find it at rest.
settle() { scripts/ring wait 240 && sleep 5; }

seconds() {                                        # COMMAND…: how long it took
  local begun
  begun=$(date +%s.%N)
  "$@" >"$work/last.log" 2>&1 || { tail -n 30 "$work/last.log" >&2; return 1; }
  awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'
}

quotient() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

summary() {                                        # FILE with a pair a line
  local ratio
  ratio=$(awk '{ print $2 / $1 }' "$1" | median)
  printf 'median %10s %12s %8.3f   (of the ratios, pair by pair)\n' "$(cut -d' ' -f1 "$1" | median)" "$(cut -d' ' -f2 "$1" | median)" "$ratio"
  if awk -v r="$ratio" 'BEGIN { exit !(r <= 1.05) }'; then echo "goal, at most 1.05: met"; else echo "goal, at most 1.05: NOT met"; fi
}
