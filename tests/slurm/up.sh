#!/usr/bin/env bash
# up.sh DIR -- a real one-machine Slurm (Debian packages), as root, without systemd.
#
# Everything this cluster owns (config, munge key, sockets, logs, state, pid files) lies under
# DIR; nothing in /etc, /run or /var is touched. Stop it with down.sh DIR.
# Clients find it by one variable:   export SLURM_CONF=DIR/etc/slurm.conf
#
# Environment: SLURM_NODES (1)  SLURM_CPUS per node (4)  SLURM_PORT (16817: controller; slurmd N
# listens on SLURM_PORT+N)  SLURM_CRED_EXPIRE (10: seconds a requeued job waits)  SLURM_WAIT (60:
# seconds to wait for "idle")  SLURM_MAX_ARRAY (10001: MaxArraySize)
set -euo pipefail
umask 022

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "$0: must run as root" >&2; exit 2; }
mkdir -p "$1"; dir=$(cd "$1" && pwd -P)
nodes=${SLURM_NODES:-1} cpus=${SLURM_CPUS:-4} port=${SLURM_PORT:-16817} wait_s=${SLURM_WAIT:-60}
conf=$dir/etc/slurm.conf
die() { echo "up.sh: $*" >&2; exit 1; }
failed() { tail -n 5 "$dir"/log/{munged,slurm*}.log >&2 2>/dev/null || true; die "$@"; }
# A unix socket path holds at most 107 bytes; the longest one here is run/munge.socket.2.
[ ${#dir} -le 80 ] || die "DIR is too long for a unix socket: $dir"

# 1. Install (skipped when present). No recommends: munge, slurmctld, slurmd, clients, 3 libraries.
if ! command -v slurmctld slurmd sbatch munged >/dev/null; then
  apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }
  mkdir -p "$dir/log"
  { apt update && apt install -y --no-install-recommends munge slurmctld slurmd slurm-client; } \
    >"$dir/log/apt.log" 2>&1 || { cat "$dir/log/apt.log" >&2; die "apt-get failed"; }
fi

# 2. Refuse to start twice in one DIR. (A zombie, or a pid since given to another program, has no
#    command line naming DIR; kill -0 would take both for a running daemon.)
for p in "$dir"/run/*.pid; do
  [ -s "$p" ] && tr '\0' '\n' <"/proc/$(cat "$p")/cmdline" 2>/dev/null | grep -qF -e "$dir/" &&
    die "already running: $p ($(cat "$p"))"
done
mkdir -p "$dir"/{etc,run,log,state,spool}
rm -f "$dir"/run/*

# 3. Munge: own key, own socket. (munged wants the key 0600 and every parent directory of key,
#    socket, log and pid file unwritable by others, or sticky, as /tmp is.)
if [ ! -s "$dir/etc/munge.key" ]; then
  (umask 077; head -c 128 /dev/urandom >"$dir/etc/munge.key")
fi
munged --key-file="$dir/etc/munge.key" --socket="$dir/run/munge.socket" \
  --pid-file="$dir/run/munged.pid" --log-file="$dir/log/munged.log" \
  --seed-file="$dir/state/munge.seed" || failed "munged did not start"

# 4. slurm.conf. Names resolve to loopback by NodeAddr, so /etc/hosts needs no entry for us.
host=$(hostname -s)
mem=$(awk '/MemTotal/ {print int($2/1024)}' /proc/meminfo)
cat >"$conf" <<CONF
ClusterName=testcluster
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
# cred_expire is also how long a requeued job waits before it may start again (default 120 s).
AuthInfo=socket=$dir/run/munge.socket,cred_expire=${SLURM_CRED_EXPIRE:-10}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
# Quick turns for tests. Starts still come in rounds about 1 s apart (3 s with the defaults), so
# short tasks pass at about "all CPUs" a second: raise SLURM_CPUS for a large array.
SchedulerParameters=batch_sched_delay=0,sched_min_interval=1000,bf_interval=1
# Finished jobs stay visible to squeue -t all and scontrol this long (there is no sacct).
MinJobAge=3600
MaxArraySize=${SLURM_MAX_ARRAY:-10001}
KillWait=2
# A batch script that exits with this status is requeued (EX_TEMPFAIL); the attempt number is
# SLURM_RESTART_COUNT, unset on the first.
RequeueExit=75
ReturnToService=2
MpiDefault=none
MailProg=/bin/true
# More CPUs than the machine has are believed, so that an array can run side by side.
SlurmdParameters=config_overrides
CONF
for i in $(seq "$nodes"); do
  echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=$cpus RealMemory=$mem State=UNKNOWN"
done >>"$conf"
echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >>"$conf"

# 5. Daemons. Each puts itself in the background and writes its pid file.
export SLURM_CONF=$conf
slurmctld -f "$conf" || failed "slurmctld did not start"
for i in $(seq "$nodes"); do
  slurmd -f "$conf" -N "n$i" || failed "slurmd n$i did not start"
done

# 6. Wait until every node is idle ("idle*" is one that does not answer) and its slurmd has
#    registered with this slurmctld: recovered state says "idle" before that.
ready() {
  [ "$(sinfo -h -N -o '%N %t' 2>/dev/null | grep -c ' idle$')" = "$nodes" ] &&
    [ "$(scontrol -o show nodes 2>/dev/null | grep -c 'SlurmdStartTime=[0-9]')" = "$nodes" ]
}
for _ in $(seq $((wait_s * 5))); do
  if ready; then
    echo "export SLURM_CONF=$conf"
    exit 0
  fi
  sleep 0.2
done
sinfo -N -l >&2 || true
failed "nodes not idle after $wait_s s"
