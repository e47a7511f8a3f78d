#!/usr/bin/env bash
# test.sh CRITMASS -- the program on a real Slurm, which it starts on this machine and stops again (root, Debian).
#
# An array with a task that fails and is queued again, one that is sent the signal before the time limit, one whose
# program is killed, one that is cancelled, and the summary: the result is that of an uninterrupted run, to the byte.
# Then a shard that fails twice the same way.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
critmass=$(realpath "$1")
work=$(mktemp -d /tmp/critmass-slurm-XXXXXX)
chmod 755 "$work"   # munged wants its folder open to all
fail() { echo "test.sh: $*" >&2; tail -n 40 "$work"/*/out/slurm/logs/*.log >&2 || true; exit 1; }

stop() {
  "$here/down.sh" "$work/slurm" || true
  rm -rf "$work"
}
trap stop EXIT
SLURM_PORT=${SLURM_PORT:-17817} SLURM_CPUS=4 "$here/up.sh" "$work/slurm"
export SLURM_CONF=$work/slurm/etc/slurm.conf

cat >"$work/sweep.toml" <<'TOML'
name = "on-slurm"
[scenario]
population.clients = 5_000
time.horizon_h = 14.0
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 1.0, points = 15 }
[replicates]
at_least = 100
at_most = 200
half_width = 0.08
[traces]
replicates = 1
every_s = 600.0
TOML
sweep=$work/sweep.toml

# Waits until a condition holds, for at most two minutes.
until_holds() {
  for _ in $(seq 240); do "$@" && return; sleep 0.5; done
  squeue -r -t all >&2
  fail "still not: $*"
}
killed() { # OUT SHARD: the program, not the shell that started it
  local process
  for process in /proc/[0-9]*; do
    if { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -qF -- "$1/slurm/critmass run $1/slurm/sweep.toml --out $1 --shard $2 "; then
      kill -KILL "${process#/proc/}"
      return
    fi
  done
  return 1
}
state() { squeue -h -r -t all -j "$1" -o %T; }
has_state() { [[ " ${*:2} " == *" $(state "$1") "* ]]; }
says() { grep -q -- "$2" "$1" || fail "$1 does not say: $2"; }
same() {
  diff -r "$work/reference/runs" "$1/runs" && diff -r "$work/reference/traces" "$1/traces" || fail "$1 differs"
  for file in manifest.json surface.parquet SHA256SUMS; do cmp "$work/reference/$file" "$1/$file" || fail "$1 differs"; done
}
status_of() { # OUT: what is said of a folder, complete or not
  local status=0
  "$critmass" status "$1" >"$work/status" || status=$?
  cat "$work/status"
  [[ "$status" = [034] ]] || fail "status ended with $status"
}
submit() { # OUT: sets shards, summary
  { read -r shards; read -r summary; } < <("$critmass" submit "$sweep" --out "$1" --shards 5 -- --time=10 || true)
  [ -n "${summary:-}" ] || fail "nothing was submitted"
}

echo "- what is wrong is said before anything is submitted"
status=0; "$critmass" submit "$sweep" --set seed=x --out "$work/wrong" --shards 5 2>/dev/null || status=$?
[ "$status" = 2 ] || fail "a wrong sweep: status $status"
status=0; "$critmass" submit "$sweep" --out "$work/wrong" --shards 16 2>/dev/null || status=$?
[ "$status" = 2 ] || fail "more shards than cells: status $status"
"$critmass" submit "$sweep" --out "$work/wrong" --shards 5 --dry-run -- --time=10 >"$work/shown"
says "$work/shown" '--time=10 --array=0-4 '
bash -n <(grep -v '^sbatch' "$work/shown")
[ ! -e "$work/wrong" ] && [ -z "$(squeue -h)" ] || fail "something was written or submitted"

"$critmass" run "$sweep" --out "$work/reference" >/dev/null 2>&1

echo "- tasks that fail, are signalled, killed, cancelled"
out="$work/a folder of 100 %/out"
mkdir -p "$work/a folder of 100 %"
"$critmass" run "$sweep" --out "$out" --shard 3/5 2>/dev/null   # by hand, so that the folder is there
exec 9>"$out/locks/2-of-5"; flock -n 9
submit "$out"
status=0; "$critmass" submit "$sweep" --out "$out" --shards 5 2>"$work/again" || status=$?
[ "$status" = 2 ] || fail "submitted twice: status $status"
says "$work/again" 'have not ended'
log() { echo "$out/slurm/logs/shard-${shards}_$1.log"; }
until_holds grep -qs 'try 1' "$(log 0)"
scancel --batch --signal=USR1 "${shards}_0"
until_holds grep -qs 'try 1' "$(log 1)"
scancel "${shards}_1"
until_holds grep -qs 'try 1' "$(log 4)"
until_holds killed "$out" 4/5
until_holds grep -qs 'tried once more' "$(log 2)"
exec 9>&-
status_of "$out"
says "$work/status" 'slurm    5 shards: '
until_holds has_state "$summary" COMPLETED FAILED
says "$(log 0)" 'interrupted before the time limit.*, and .*queued again'
says "$(log 0)" 'try 2'
says "$(log 2)" 'tried once more: error: .*another process is running shard 2/5'
says "$(log 2)" 'try 2'
says "$(log 4)" 'tried once more: ended with status 137'
says "$(log 1)" 'cancelled'
for task in 0 2 4; do has_state "${shards}_$task" COMPLETED || fail "task $task: $(state "${shards}_$task")"; done
has_state "${shards}_1" CANCELLED || fail "the task that was cancelled: $(state "${shards}_1")"
has_state "$summary" COMPLETED || fail "the summary: $(state "$summary")"
same "$out"
status_of "$out"
says "$work/status" '^complete$'

echo "- a shard that fails twice the same way"
out=$work/twice/out
mkdir "$work/twice"
"$critmass" run "$sweep" --out "$out" --shard 3/5 2>/dev/null
exec 9>"$out/locks/2-of-5"; flock -n 9
submit "$out"
until_holds has_state "$summary" COMPLETED FAILED
has_state "$summary" FAILED || fail "the summary did not fail"
says "$(log 2)" 'failed twice the same way'
says "$out/slurm/logs/summary-$summary.log" 'these shards failed'
[ -e "$out/surface.parquet" ] || fail "what is there was not summarized"
status_of "$out"
says "$work/status" '^failed   shard-2: error: .*another process is running shard 2/5'
says "$work/status" '^shard    2: 0 of 3 cells'
exec 9>&-
submit "$out"
until_holds has_state "$summary" COMPLETED FAILED
same "$out"
echo "- a task that an administrator queues again, and jobs that are taken without an answer"
out=$work/requeued/out
mkdir -p "$work/requeued" "$work/bin"
sbatch=$(command -v sbatch)
cat >"$work/bin/sbatch" <<SH
#!/bin/sh
"$sbatch" "\$@" >"$work/taken" || exit
[ "\$1" = --version ] && exec cat "$work/taken"
echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2
exit 1
SH
chmod +x "$work/bin/sbatch"
PATH=$work/bin:$PATH submit "$out"
[ "$(squeue -h -r -t all -n "$(squeue -h -j "$summary" -t all -o %j)" -o %i | wc -l)" = 6 ] || fail "not five tasks and a summary"
until_holds grep -qs 'try 1' "$(log 0)"
scontrol requeue "${shards}_0" || true   # it may have ended in this moment
until_holds has_state "$summary" COMPLETED FAILED
has_state "$summary" COMPLETED || fail "the summary: $(state "$summary")"
same "$out"
status_of "$out"
says "$work/status" '^complete$'

echo "- more shards than an array may have tasks"
"$here/down.sh" "$work/slurm" --wipe
SLURM_MAX_ARRAY=3 SLURM_PORT=${SLURM_PORT:-17817} SLURM_CPUS=4 "$here/up.sh" "$work/slurm"
out=$work/arrays/out
mkdir "$work/arrays"
"$critmass" submit "$sweep" --out "$out" --shards 5 -- --time=10 >"$work/jobs"
[ "$(wc -l <"$work/jobs")" = 3 ] || fail "not two arrays and a summary: $(cat "$work/jobs")"
summary=$(tail -n 1 "$work/jobs")
until_holds has_state "$summary" COMPLETED FAILED
has_state "$summary" COMPLETED || fail "the summary: $(state "$summary")"
same "$out"
echo "- done"
