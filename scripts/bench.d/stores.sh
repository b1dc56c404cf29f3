# shellcheck shell=bash
# Keystores for a hundred nodes and for a thousand: how long, and whether memory grows with them. Sourced by scripts/bench.

bench_stores() (                                   # a subshell: its end, however it comes, takes the files away
  work=''
  command -v python3 >/dev/null || { echo "python3 is missing: it tells what a process took" >&2; exit 1; }
  cargo build --quiet --release || exit 1
  ringwalk=$PWD/target/release/ringwalk
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 143' HUP INT TERM
  cd "$work" || exit 1
  export BENCH_CA=bench
  "$ringwalk" stores new-ca --name bench --password env:BENCH_CA --out ca >/dev/null || exit 1
  for nodes in 100 1000; do
    {
      printf 'cluster: bench\nnodes:\n'
      for at in $(seq 0 $((nodes - 1))); do printf '  - { name: n%s, address: 10.0.%s.%s }\n' "$at" $((at / 250)) $((at % 250 + 1)); done
    } >"$nodes.yaml"
  done
  for kind in pkcs12 jks pem; do
    for nodes in 100 1000; do
      took "$ringwalk" stores issue --inventory "$nodes.yaml" --offline --ca ca --ca-password env:BENCH_CA --type "$kind" --out "$kind-$nodes" >"$kind-$nodes.took" || exit 1
      [ "$(find "$kind-$nodes" -name 'n*' | wc -l)" = "$nodes" ] || { echo "not $nodes keystores of $kind" >&2; exit 1; }
    done
  done
  verdict
)

# What a command took: seconds on the clock and on processors, the highest peak of its memory in KiB.
took() {
  python3 - "$@" <<'X'
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
wall, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{wall:.2f} {used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss}")
X
}

verdict() {
  local kind nodes wall cpu peak small met
  for kind in pkcs12 jks pem; do
    for nodes in 100 1000; do
      read -r wall cpu peak <"$kind-$nodes.took"
      printf '%-6s %4s nodes: %6s s, %6s s of processor, peak %s KiB\n' "$kind" "$nodes" "$wall" "$cpu" "$peak"
      [ "$nodes" = 1000 ] || { small=$peak; continue; }
      awk -v small="$small" -v large="$peak" 'BEGIN { printf "%34s%.1f KiB a node more\n", "", (large - small) / 900 }'
    done
  done
  met=$(awk '{ print ($1 < 10) ? "met" : "not met" }' pkcs12-1000.took)
  echo "goal, 1,000 nodes in PKCS12 in less than 10 s: $met"
}
