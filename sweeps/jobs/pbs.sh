#!/bin/sh
# A sweep in 100 shards under PBS Pro or OpenPBS (not run yet: written from their manuals).
#
#     job=$(qsub sweeps/jobs/pbs.sh)
#     qsub -W depend=afterany:"$job" -- "$(command -v critmass)" run "$PWD/sweeps/critical-mass.toml" --out "$PWD/out/critical-mass"
#
#PBS -N critmass
#PBS -J 0-99
#PBS -r y
#PBS -l select=1:ncpus=8:mem=8gb
#PBS -l walltime=12:00:00
cd "$PBS_O_WORKDIR" || exit 2
# In place of the shell, so that the SIGTERM before the end of the walltime reaches it.
exec critmass run sweeps/critical-mass.toml --out out/critical-mass --shard "$PBS_ARRAY_INDEX/100" --threads "${NCPUS:-1}"
