"""What one cluster's files say. A cluster is a controller and nodes that are all this machine.

Each has ports and a munge of its own (socket and key in its folder): clusters do not trust one another, and
need no daemon of the machine's. GPUs are pretended: gres.conf names terminals as their device files, which
Slurm looks at and, as devices are not constrained, nobody opens. Left out: accounting (slurmdbd), cgroups.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cluster:
    """`namespace`: network namespace for its daemons; the machine's own where None.
    `min_job_age_seconds`: how long the controller remembers a job that has ended.
    `slurmd_timeout_seconds`: after how long without an answer it takes a node for down."""

    name: str
    nodes: int = 1
    gpus_per_node: int = 4
    namespace: str | None = None
    min_job_age_seconds: int = 300
    kill_wait_seconds: int = 2
    slurmd_timeout_seconds: int = 30


GPU_TYPE = "h100"
CPUS_PER_NODE = 8
SCHEDULING = "sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0"  # as soon as may be
MOST_GPUS = 16  # terminals that every Linux has


def write(cluster: Cluster, folder: Path, ports: list[int]) -> None:
    """slurm.conf, gres.conf and cgroup.conf. `ports`: the controller's, then one per node."""
    assert cluster.gpus_per_node <= MOST_GPUS and len(ports) == 1 + cluster.nodes
    host = socket.gethostname().split(".")[0]
    settings = {
        "ClusterName": cluster.name,
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": ports[0],
        "SlurmUser": "root",
        "SlurmdUser": "root",
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={folder}/munge/socket",
        "CredType": "cred/munge",
        "StateSaveLocation": folder / "state",
        "SlurmdSpoolDir": folder / "spool" / "%n",
        "SlurmctldPidFile": folder / "slurmctld.pid",
        "SlurmdPidFile": folder / "slurmd.%n.pid",
        "SlurmctldLogFile": folder / "log" / "slurmctld.log",
        "SlurmdLogFile": folder / "log" / "slurmd.%n.log",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "AccountingStorageType": "accounting_storage/none",
        "JobCompType": "jobcomp/none",
        "MpiDefault": "none",
        "SwitchType": "switch/none",
        "ReturnToService": 2,
        "SlurmdParameters": "config_overrides",
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": SCHEDULING,
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core",
        "MinJobAge": cluster.min_job_age_seconds,
        "KillWait": cluster.kill_wait_seconds,
        "MaxJobCount": 20000,
        "SlurmdTimeout": cluster.slurmd_timeout_seconds,
        "InactiveLimit": 0,
        "MessageTimeout": 3,
        "PropagateResourceLimits": "NONE",
        "GresTypes": "gpu",
    }
    lines = [f"{key}={value}" for key, value in settings.items()]
    gres = []
    shape = f"CPUs={CPUS_PER_NODE} Boards=1 SocketsPerBoard=1 CoresPerSocket={CPUS_PER_NODE} ThreadsPerCore=1"
    gpus = f" Gres=gpu:{GPU_TYPE}:{cluster.gpus_per_node}" if cluster.gpus_per_node else ""
    for number, port in enumerate(ports[1:], start=1):
        lines.append(
            f"NodeName=n{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} {shape} "
            f"RealMemory=16000{gpus} State=UNKNOWN"
        )
        if cluster.gpus_per_node:
            files = f"/dev/tty[0-{cluster.gpus_per_node - 1}]"
            gres.append(f"NodeName=n{number} Name=gpu Type={GPU_TYPE} File={files}")
    lines.append("PartitionName=train Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO")
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")
    (folder / "gres.conf").write_text("".join(line + "\n" for line in gres))
    cgroup = ("CgroupAutomount=no", "CgroupPlugin=cgroup/v1", "ConstrainDevices=no", "ConstrainCores=no")
    (folder / "cgroup.conf").write_text("\n".join(cgroup) + "\n")
