#!/usr/bin/env bash
# down.sh DIR [--wipe] -- stops the daemons that up.sh DIR started, and no other.
# A pid file is believed only if the process it names was started with a path under DIR.
set -uo pipefail
[ $# -ge 1 ] && [ -d "$1" ] || { echo "usage: $0 DIR [--wipe]" >&2; exit 2; }
dir=$(cd "$1" && pwd -P)
conf=$dir/etc/slurm.conf

# False too once the process is a zombie (its cmdline is empty): pid 1 of a container may reap orphans
# late, so neither kill -0 nor /proc/PID tells that a daemon has ended.
ours() { tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -e "$dir/"; }

# Jobs first: stopping slurmd leaves running job steps alive. (Without its slurmctld a client
# command retries for many seconds, so ask only a live one.)
if [ -f "$conf" ] && ours "$(cat "$dir/run/slurmctld.pid" 2>/dev/null)"; then
  export SLURM_CONF=$conf
  if timeout 10 squeue -h -o %A 2>/dev/null | grep -q .; then
    timeout 10 scancel --full --signal=KILL --state=RUNNING --user=root 2>/dev/null
    timeout 10 scancel --user=root 2>/dev/null
    for _ in $(seq 50); do
      timeout 5 squeue -h 2>/dev/null | grep -q . || break
      sleep 0.2
    done
  fi
fi

stop() { # stop PIDFILE
  local pid; pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && ours "$pid" || { rm -f "$1"; return 0; }
  kill -TERM "$pid"
  for _ in $(seq 150); do ours "$pid" || break; sleep 0.1; done
  ours "$pid" && { echo "down.sh: $pid ($1) took KILL" >&2; kill -KILL "$pid"; }
  rm -f "$1"
}
for p in "$dir"/run/slurmd-*.pid "$dir"/run/slurmctld.pid "$dir"/run/munged.pid; do
  [ -e "$p" ] && stop "$p"
done
[ "${2:-}" = --wipe ] && rm -rf -- "$dir"/{etc,run,log,state,spool}
exit 0
