"""How a process comes about, here or in a cluster; nobody else learns it."""

import importlib.util
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

from udviz.installation import install_command, working_folder
from udviz.launching import cluster
from udviz.launching.detach import run_detached
from udviz.launching.environment import inherited
from udviz.launching.placement import Placement
from udviz.launching.queue import join_queue
from udviz.launching.resources.devices import n_slots_for, slots_for
from udviz.launching.together.network import check_network, interface_in
from udviz.studies.lock import HANDED_OVER
from udviz.studies.log import LOG_FILE
from udviz.studies.status import Status, write_status

WAITING = Status(state="queued", stage="Waiting for its turn", fraction=0.0)


class Launcher(Protocol):
    """What starts the processes of a study. They are stopped through their status, all alike."""

    def refusal(self, placement: Placement, device: str) -> str | None:
        """Why nothing can be started there; None if it can."""

    def start(
        self,
        study: Path,
        arguments: list[str],
        *,
        placement: Placement,
        device: str,
        lock: int,
        wanted: Collection[str] = (),
    ) -> None:
        """Start ``python`` with ``arguments`` as soon as there is a place for it.

        Args:
            study: Folder of the study; its status is *queued*.
            arguments: Of the interpreter, for one process.
            placement: How many processes, where.
            device: ``auto``, ``cpu`` or ``cuda``.
            lock: File descriptor that holds the study until the process does.
            wanted: Environment variables that it needs besides those that every run gets.

        Raises:
            OSError: If the process could not be started.
            RuntimeError: If it, or the cluster, said no.
        """


class LocalLauncher:
    """Processes on this machine, each on a GPU of its own; one study at a time without GPUs."""

    def refusal(self, placement: Placement, device: str) -> str | None:
        """No PyTorch, too few GPUs, or no interface in the network."""
        if importlib.util.find_spec("torch") is None:
            needed = install_command("train")
            return f"Training needs PyTorch, which is not installed here: {needed}."
        try:
            n_slots_for(placement.processes, slots_for(device))
            if placement.machines > 1:
                interface_in(check_network(placement.network, public=placement.public))
        except ValueError as error:
            return str(error)
        return None

    def start(
        self,
        study: Path,
        arguments: list[str],
        *,
        placement: Placement,
        device: str,
        lock: int,
        wanted: Collection[str] = (),
    ) -> None:
        """Start a process that waits for its turn and then becomes the command."""
        slots = slots_for(device)
        n_slots = n_slots_for(placement.processes, slots)
        ticket = join_queue(study.parent, study.name, slots, n_slots=n_slots)
        place = [str(study), str(ticket.number), str(n_slots), *slots]
        run_detached(
            [
                "udviz.launching.queued_process",
                *place,
                "--",
                *placement.command(arguments, study),
            ],
            log=study / LOG_FILE,
            environment={**inherited(wanted), HANDED_OVER: str(lock)},
            keep_open=[lock],
        )


class ClusterLauncher:
    """Jobs of a cluster.

    Args:
        name: ``slurm``; submitit's ``local`` and ``debug`` for tests.
    """

    def __init__(self, name: str = "slurm") -> None:
        self._name = name

    def refusal(self, placement: Placement, device: str) -> str | None:
        """No submitit or no Slurm here."""
        return cluster.refusal(self._name)

    def start(
        self,
        study: Path,
        arguments: list[str],
        *,
        placement: Placement,
        device: str,
        lock: int,
        wanted: Collection[str] = (),
    ) -> None:
        """Submit a job, and note its number."""
        from udviz.launching.job import Job

        parameters = _parameters(placement, device, wanted)
        work = Job(study, arguments, placement)
        job = cluster.submit(work, study, parameters, cluster=self._name)
        noted = Status(
            state="queued", stage="Waiting in the cluster's queue", fraction=0.0, job=job
        )
        write_status(study, noted)


def launcher_for(placement: Placement) -> Launcher:
    """The launcher of a place to run."""
    return LocalLauncher() if placement.on == "local" else ClusterLauncher(placement.on)


def _parameters(placement: Placement, device: str, wanted: Collection[str]) -> dict[str, Any]:
    """What submitit's executor is asked for; None leaves it to the cluster."""
    cpus = placement.cpus or None
    return {
        "nodes": placement.machines,
        "tasks_per_node": 1,
        "timeout_min": max(1, round(60 * placement.hours)),
        "gpus_per_node": None if device == "cpu" else placement.processes,
        "cpus_per_task": cpus,
        "mem_gb": placement.memory_gb or None,
        "slurm_partition": placement.partition or None,
        "slurm_account": placement.account or None,
        "slurm_qos": placement.qos or None,
        "slurm_constraint": placement.constraint or None,
        "slurm_srun_args": ["--cpus-per-task", str(cpus)] if cpus else None,
        "slurm_additional_parameters": {
            "chdir": str(working_folder()),
            "export": ",".join(sorted(inherited(wanted))),
            "requeue": True,
        },
    }
