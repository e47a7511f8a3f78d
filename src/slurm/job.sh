#!/bin/bash
# What a Slurm job does for a sweep, written by `critmass submit`:
#
#     job.sh shards FIRST    the shard FIRST + SLURM_ARRAY_TASK_ID
#     job.sh summary         what the shards have left to do, then the result
#
# It can be started again at any time: what was finished is kept. Before the time limit Slurm sends it a signal; it lets
# the program keep what it has, and queues itself again; not for ever, and not where a try has finished nothing twice.
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@60

critmass=@CRITMASS@
folder=@FOLDER@
shards=@SHARDS@

run=("$critmass" run "$folder/slurm/sweep.toml" --out "$folder")
if [ "$1" = shards ]; then
  shard=$(($2 + SLURM_ARRAY_TASK_ID))
  name="shard $shard/$shards"
  note=shard-$shard
  # The number of the task, since SLURM_JOB_ID alone may mean the whole array.
  job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
  run+=(--shard "$shard/$shards")
else
  name=summary
  note=summary
  job=$SLURM_JOB_ID
fi
tried=$folder/slurm/tried/$note
failed=$folder/slurm/failed/$note
nothing="interrupted before the time limit with nothing finished"
# Tries of a job at most that end with the time limit.
tries_max=100

say() { echo "$(date -u +%FT%TZ) $name: $*" >&2; }

queue_again() {
  scontrol requeue "$job" || say "could not be queued again: critmass submit with the same arguments goes on"
}

# Sends the signal once more to a program that does not end: it is lost if it comes while the program is being started.
pass_on_again() {
  for _ in {1..50}; do
    kill -0 "$program" 2>/dev/null || return
    sleep 0.1
  done
  kill -USR1 "$program" 2>/dev/null
}

# What is kept of the runs of this job: files get another name with whatever is added to them.
kept() {
  if [ "$note" = summary ]; then
    ls "$folder/checkpoint" "$folder/runs"
  else
    ls "$folder/checkpoint" | grep -- "-$shard-of-$shards-"
  fi 2>/dev/null
}

if [ "$name" = summary ] && compgen -G "$folder/slurm/failed/shard-*" >/dev/null; then
  say "these shards failed; this is the summary of what is there"
  tail -n 1 "$folder"/slurm/failed/shard-* >&2
  "$critmass" summarize "$folder"
  exit 1
fi

kept_before=$(kept)
errors=$(mktemp)
signal=
# To this shell alone, so it is passed on.
trap 'signal=USR1; kill -USR1 "$program"' USR1
# The program gets it from Slurm as well, and needs a moment.
trap 'signal=TERM' TERM
exec 4> >(trap "" TERM USR1; exec tee "$errors" >&2)
tee=$!
say "try $((${SLURM_RESTART_COUNT:-0} + 1)) on $(uname -n)"
"${run[@]}" 2>&4 &
program=$!
exec 4>&-
[ "$signal" = USR1 ] && kill -USR1 "$program"
# A signal ends the wait, not the program.
while wait "$program"; status=$?; kill -0 "$program" 2>/dev/null; do
  [ "$signal" = USR1 ] && pass_on_again
done
wait "$tee" 2>/dev/null
why=$(grep '^error: ' "$errors" | tail -n 1)
why=${why:-ended with status $status}
rm -f "$errors"

if [ "$status" = 0 ]; then
  rm -f "$tried" "$failed"
elif [ "$signal" = USR1 ] && [ "$((${SLURM_RESTART_COUNT:-0} + 1))" -ge "$tries_max" ]; then
  why="interrupted before the time limit in try $tries_max, and not queued again"
  say "$why"
  echo "$why" >"$failed"
elif [ "$signal" = USR1 ] && [ "$(kept)" != "$kept_before" ]; then
  say "interrupted before the time limit, and queued again"
  rm -f "$tried"
  queue_again
elif [ "$signal" = USR1 ] && grep -qxF "$nothing" "$tried" 2>/dev/null; then
  why="$nothing twice, and is not queued again: a run may need more than the time limit (sbatch --time)"
  say "$why"
  echo "$why" >"$failed"
elif [ "$signal" = USR1 ]; then
  say "$nothing, and is queued again"
  echo "$nothing" >>"$tried"
  queue_again
elif [ "$signal" = TERM ] || [ "$status" = 130 ]; then
  say "cancelled, or sent away for another job; what was finished is kept"
elif grep -qxF -- "$why" "$tried" 2>/dev/null; then
  say "failed twice the same way, and is not tried again: $why"
  echo "$why" >"$failed"
elif [ -e "$tried" ] && [ "$(wc -l <"$tried")" -ge 5 ]; then
  say "failed six times, and is not tried again: $why"
  echo "$why" >"$failed"
else
  say "failed, and is tried once more: $why"
  echo "$why" >>"$tried"
  queue_again
fi
exit "$status"
