#!/bin/sh
# A sweep on some machines that see the same folder and have the program, without a scheduler.
#
#     sweeps/jobs/ssh.sh sweeps/critical-mass.toml out/critical-mass host1 host2 host3
#
# SSH=sh-like-command replaces ssh: it is called with a host and a command line.
if [ $# -lt 3 ] || [ ! -f "$1" ]; then
  echo "usage: $0 SWEEP.toml DIR HOST...: the sweep file, which must be there, the folder for the results, the machines" >&2
  exit 2
fi
# What a shell reads as this very word.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

sweep=$(realpath "$1") || exit 1
# The machines write their logs beside the folder of the results.
mkdir -p "$(dirname "$2")" && out=$(realpath -m "$2") || exit 1
shift 2
shard=0
started=
for host; do
  ${SSH:-ssh} "$host" "critmass run $(quoted "$sweep") --out $(quoted "$out") --shard $shard/$# 2>$(quoted "$out.$shard.log")" &
  started="$started $!"
  shard=$((shard + 1))
done
failed=0
shard=0
for process in $started; do
  wait "$process"
  status=$?
  if [ "$status" != 0 ]; then
    failed=$((failed + 1))
    eval "host=\${$((shard + 1))}"
    echo "$host: shard $shard/$# ended with status $status: $(tail -n 1 "$out.$shard.log" 2>/dev/null || echo "no $out.$shard.log")" >&2
  fi
  shard=$((shard + 1))
done
if [ "$failed" = $# ]; then
  echo "no machine has done its shard, and nothing is computed here instead" >&2
  exit 1
fi
[ "$failed" = 0 ] || echo "what $failed of $# machines have not done is done here" >&2
exec critmass run "$sweep" --out "$out"
