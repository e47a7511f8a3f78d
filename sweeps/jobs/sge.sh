#!/bin/bash
# A sweep in 100 shards under Grid Engine (not run yet: written from its manual).
#
#     qsub sweeps/jobs/sge.sh
#     qsub -hold_jid critmass -cwd -b y critmass run sweeps/critical-mass.toml --out out/critical-mass
#
#$ -N critmass
#$ -t 1-100
#$ -cwd
#$ -r y
#$ -notify
#$ -pe smp 8
#$ -l h_rt=12:00:00
# -notify sends SIGUSR2 some time before the end, to the whole job: the shell has to outlive it.
trap : USR1 USR2
critmass run sweeps/critical-mass.toml --out out/critical-mass --shard "$((SGE_TASK_ID - 1))/100" --threads "$NSLOTS" &
while wait $!; status=$?; kill -0 $! 2>/dev/null; do :; done
# Interrupted with everything kept: 99 asks Grid Engine to start it again.
[ "$status" = 130 ] && exit 99
exit "$status"
