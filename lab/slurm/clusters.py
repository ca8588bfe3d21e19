"""`Clusters`: Slurm clusters for as long as a `with` block lasts.

    with Clusters(folder, [Cluster("east"), Cluster("west", nodes=3)]) as clusters:
        subprocess.run(["sbatch", "--wrap", "hostname"], env={"SLURM_CONF": clusters.configuration("east")})
        clusters.restart_controller("east")
        clusters.kill_node("west", "n2")

To be used in a process namespace of its own (`python -m lab.slurm` makes one): jobs leave their parents, and
only the end of the namespace ends all of them. Each node is such a namespace again, so one that is killed
takes with it all that ran on it, in one instant, as a machine does whose power is gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..wan.namespace import call, inside
from .configuration import Cluster, write

START_SECONDS = 30.0
NODE = ("unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc")
PROGRAMS = {
    "slurmctld": "slurm-wlm",
    "slurmd": "slurm-wlm",
    "sbatch": "slurm-client",
    "munged": "munge",
    "unshare": "util-linux",
}


def unavailable() -> str | None:
    """Why there can be no cluster here, as a sentence for people; None where there can."""
    if sys.platform != "linux":
        return "Slurm is for Linux"
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f"there is no `{program}`: install {package}"
    probe = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, text=True)
    return None if probe.returncode == 0 else f"no process namespace can be made: {probe.stderr.strip()}"


class Clusters:
    """Raises RuntimeError, with the end of the logs, where a cluster does not come up."""

    def __init__(self, folder: Path, clusters: Sequence[Cluster]) -> None:
        self._folder = folder.resolve()
        self._clusters = {cluster.name: cluster for cluster in clusters}
        self._controllers: dict[str, subprocess.Popen[bytes]] = {}
        self._nodes: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self._others: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Clusters:
        try:
            for cluster in self._clusters.values():
                self._start(cluster)
            for name in self._clusters:
                self._await_nodes(name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for process in (*self._controllers.values(), *self._nodes.values(), *self._others):
            process.kill()
            process.wait()

    def configuration(self, name: str) -> str:
        """For SLURM_CONF."""
        return str(self._folder / name / "slurm.conf")

    def stop_controller(self, name: str, number: int = signal.SIGTERM) -> None:
        """In good order; by SIGKILL it forgets what it has not written down yet: seconds of its life."""
        self._controllers[name].send_signal(number)
        self._controllers[name].wait()

    def start_controller(self, name: str) -> None:
        """Goes on with the jobs that it knew. Returns when it answers."""
        self._start_controller(self._clusters[name])
        self._await_nodes(name)

    def restart_controller(self, name: str) -> None:
        self.stop_controller(name)
        self.start_controller(name)

    def kill_node(self, name: str, node: str) -> None:
        """Its slurmd and every process of its jobs, by SIGKILL. The controller finds out by itself."""
        killed = self._nodes.pop((name, node), None)
        if killed is None:
            raise RuntimeError(f"no node {node} of {name} runs")
        killed.kill()
        killed.wait()

    def start_node(self, name: str, node: str) -> None:
        """Returns when the controller has it back."""
        if (name, node) in self._nodes:
            raise RuntimeError(f"node {node} of {name} runs")
        self._start_node(self._clusters[name], node)
        self._await_nodes(name)

    def client(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs one of Slurm's commands at a cluster."""
        return subprocess.run(
            self._command(self._clusters[name], *command),
            capture_output=True,
            text=True,
            env=os.environ | {"SLURM_CONF": self.configuration(name)},
        )

    def _start(self, cluster: Cluster) -> None:
        folder = self._folder / cluster.name
        for part in ("state", "spool", "log", "munge"):
            (folder / part).mkdir(parents=True)
        key = folder / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        files = {
            "socket": "socket",
            "key-file": "key",
            "pid-file": "pid",
            "log-file": "log",
            "seed-file": "seed",
        }
        options = [f"--{option}={folder}/munge/{name}" for option, name in files.items()]
        self._others.append(self._spawn(cluster, "munged", "--foreground", "--force", *options))
        ports = _free_ports(cluster)
        write(cluster, folder, ports)
        self._await((folder / "munge" / "socket").exists, cluster.name, "munge")
        self._start_controller(cluster, "-i")
        for number in range(1, cluster.nodes + 1):
            (folder / "spool" / f"n{number}").mkdir()
            self._start_node(cluster, f"n{number}")

    def _start_controller(self, cluster: Cluster, *options: str) -> None:
        command = ("slurmctld", "-D", *options, "-f", self.configuration(cluster.name))
        self._controllers[cluster.name] = self._spawn(cluster, *command)

    def _start_node(self, cluster: Cluster, node: str) -> None:
        slurmd = ("slurmd", "-D", "-N", node, "-f", self.configuration(cluster.name))
        self._nodes[cluster.name, node] = self._spawn(cluster, *NODE, *slurmd)

    def _spawn(self, cluster: Cluster, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._folder / cluster.name / "log"
        with open(log / f"{'slurmd' if program == NODE[0] else program}.out", "ab") as output:
            return subprocess.Popen(
                self._command(cluster, program, *arguments),
                cwd=log,  # where it would leave a core file
                env=os.environ | {"SLURM_CONF": self.configuration(cluster.name)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _command(self, cluster: Cluster, *command: str) -> list[str]:
        return list(command) if cluster.namespace is None else inside(cluster.namespace, *command)

    def _await_nodes(self, name: str) -> None:
        """Those that run; the controller may take others for alive until its time-out."""
        wanted = {node for cluster, node in self._nodes if cluster == name}

        def all_up() -> bool:
            up = self.client(name, "sinfo", "-h", "-N", "-t", "idle,mixed,allocated", "-o", "%N").stdout
            return wanted <= set(up.split())

        self._await(all_up, name, "nodes")

    def _await(self, condition: Callable[[], bool], name: str, what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"cluster {name}: no {what} after {START_SECONDS:.0f} s\n{self._logs(name)}"
                )
            time.sleep(0.1)

    def _logs(self, name: str) -> str:
        texts = []
        for path in sorted((self._folder / name / "log").iterdir()):
            with contextlib.suppress(OSError):
                texts.append(f"==> {path.name} <==\n{path.read_text(errors='replace')[-1500:]}")
        return "\n".join(texts)


def _free_ports(cluster: Cluster) -> list[int]:
    """Ports that nobody listens on, held together until all are known."""

    def choose() -> list[int]:
        with contextlib.ExitStack() as stack:
            sockets = [
                stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(1 + cluster.nodes)
            ]
            return [each.getsockname()[1] for each in sockets]

    return choose() if cluster.namespace is None else call(cluster.namespace, choose)
