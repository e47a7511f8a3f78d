#!/bin/sh
# A sweep on some machines that see the same folder and have the program, without a scheduler.
#
#     sweeps/jobs/ssh.sh sweeps/critical-mass.toml out/critical-mass host1 host2 host3
#
# SSH=sh-like-command replaces ssh: it is called with a host and a command line.
sweep=$(realpath "$1"); out=$(realpath -m "$2"); shift 2
shard=0
for host; do
  ${SSH:-ssh} "$host" "critmass run '$sweep' --out '$out' --shard $shard/$# 2>'$out.$shard.log'" &
  shard=$((shard + 1))
done
wait
# What a machine that failed has not done is done here.
critmass run "$sweep" --out "$out"
