"""Where a study runs: one process or many, on one machine, on several, or as a cluster's job."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from udviz.recipe.explain import explain
from udviz.recipe.section import Section

TORCHRUN = ("-m", "torch.distributed.run")
RESTARTS = 3  # of the processes on all machines, when one of several machines went down
# Else torch 2.14 keeps the address of the first meeting, and a machine that comes back waits.
MEET_AGAIN = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}

Word = Annotated[str, StringConstraints(pattern=r"^[\w.,:+&|*()\[\]@/-]*$", max_length=200)]
Endpoint = Annotated[str, StringConstraints(pattern=r"^(([\w.-]+|\[[\da-fA-F:]+\]):\d{1,5})?$")]


class Placement(Section):
    """Where the processes of a study run; changes nothing of its result beyond rounding."""

    on: Literal["local", "slurm"] = "local"
    """`local` = this machine's queue; `slurm` = a job of the cluster that this machine submits to.
    """
    machines: int = Field(1, ge=1, le=1024)
    """Machines that train together."""
    processes: int = Field(1, ge=1, le=1024)
    """Processes on each machine; each takes a GPU of its own where there are GPUs."""
    meeting_point: Endpoint = ""
    """Several local machines only: HOST:PORT of the first, where the others find it."""
    partition: Word = ""
    """Slurm only: partition; empty = the cluster's default, as for the next three."""
    account: Word = ""
    """Slurm only: account to charge."""
    qos: Word = ""
    """Slurm only: quality of service."""
    constraint: Word = ""
    """Slurm only: features that the machines must have."""
    hours: float = Field(24.0, gt=0, le=8760)
    """Slurm only: time limit of the job; at its end it saves, queues again and goes on."""
    cpus: int = Field(0, ge=0, le=4096)
    """Slurm only: CPUs on each machine; 0 = the cluster's default."""
    memory_gb: int = Field(0, ge=0, le=65536)
    """Slurm only: memory on each machine in GB; 0 = the cluster's default."""

    @model_validator(mode="after")
    def _check_meeting_point(self) -> Self:
        if self.on == "local" and self.machines > 1 and not self.meeting_point:
            raise ValueError(
                "`meeting_point` must be HOST:PORT of the first machine where there are several, "
                "got none."
            )
        return self

    @property
    def is_together(self) -> bool:
        """Whether several processes train together."""
        return self.machines * self.processes > 1

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that the command needs."""
        return MEET_AGAIN if self.machines > 1 else {}

    def command(self, arguments: Sequence[str], *, name: str, meeting_point: str = "") -> list[str]:
        """What every machine passes to Python to run Python's ``arguments`` in all processes.

        Args:
            arguments: As ``-m pipelines.study --recipe demo``.
            name: Tells the study from others that meet at the same place.
            meeting_point: HOST:PORT, where a cluster names it.
        """
        if not self.is_together:
            return list(arguments)
        meeting = ["--standalone"]
        if self.machines > 1:
            meeting = [
                *("--nnodes", str(self.machines), "--max-restarts", str(RESTARTS)),
                *("--rdzv-backend", "c10d", "--rdzv-id", name),
                *("--rdzv-endpoint", meeting_point or self.meeting_point),
            ]
        return [*TORCHRUN, *meeting, "--nproc-per-node", str(self.processes), *arguments]


HERE = Placement()


def parse_placement(values: dict[str, Any]) -> Placement:
    """Placement with ``values``, the schema's defaults elsewhere.

    Raises:
        ValueError: If a value breaks the schema; one line per field, with its flag.
    """
    try:
        return Placement.model_validate(values)
    except ValidationError as error:
        faults = explain(error, prefix="placement.")
        raise ValueError(f"This place to run does not work:\n{faults}") from error
