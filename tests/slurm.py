"""A real Slurm of one node on this machine: munge, the controller and the node's daemon, all below one folder."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
START_S = 30.0

# No cgroups and no accounting database: neither is needed for one node, and containers rarely allow the former.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus}
PartitionName=test Nodes={host} Default=YES State=UP MaxTime=INFINITE
"""


def why_not() -> str | None:
    """Why Slurm cannot be started here; None where it can."""
    absent = [name for name in DAEMONS if _found(name) is None]
    if absent:
        return f"Slurm is not installed ({', '.join(absent)}); Debian: apt-get install slurm-wlm munge"
    return None if os.geteuid() == 0 else "Slurm's daemons are started by root only"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Starts Slurm and yields the environment variables that its commands need.

    Raises:
        RuntimeError: it does not come up; its logs lie in ``folder``.
    """
    folder.mkdir(parents=True)
    configuration = folder / "slurm.conf"
    environment = {"SLURM_CONF": str(configuration)}
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            host=socket.gethostname().partition(".")[0],
            cpus=os.cpu_count(),
            controller_port=_free_port(),
            node_port=_free_port(),
        )
    )
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o400)
    files = ("key", "socket", "pid", "log", "seed")
    with contextlib.ExitStack() as daemons:
        munge = [f"--{name}-file={folder}/munge.{name}" for name in files if name != "socket"]
        daemons.enter_context(_daemon("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge))
        _wait(lambda: (folder / "munge.socket").exists(), "munged", folder)
        daemons.enter_context(_daemon("slurmctld", "-D", "-i", "-f", str(configuration)))
        daemons.enter_context(_daemon("slurmd", "-D", "-f", str(configuration)))
        _wait(lambda: _node_state(environment) == "idle", "slurmd", folder)
        try:
            yield environment
        finally:
            _end_jobs(environment)


def _end_jobs(environment: Mapping[str, str]) -> None:
    """Nothing that was submitted may outlive the daemons, which alone could end it."""
    around = {"env": {**os.environ, **environment}, "capture_output": True, "text": True}
    subprocess.run([_found("scancel") or "scancel", f"--user={os.getuid()}", "--full"], **around)  # type: ignore[call-overload]
    squeue = [_found("squeue") or "squeue", "--noheader"]
    with contextlib.suppress(RuntimeError):  # the daemons end all the same
        _wait(lambda: not subprocess.run(squeue, **around).stdout.strip(), "squeue", Path())  # type: ignore[call-overload]


def _node_state(environment: Mapping[str, str]) -> str:
    command = [_found("sinfo") or "sinfo", "--noheader", "--format=%T"]
    answer = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    return answer.stdout.strip()


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextlib.contextmanager
def _daemon(name: str, *arguments: str) -> Iterator[None]:
    command = [_found(name) or name, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(ready: Callable[[], bool], what: str, folder: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while not ready():
        if time.monotonic() > deadline_s:
            logs = "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in folder.glob("*.log"))
            raise RuntimeError(f"{what} did not start within {START_S:g} s\n{logs}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
