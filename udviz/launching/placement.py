"""Where a study runs: one process or many, on one machine, on several, or as a cluster's job."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from udviz.launching.together.network import check_network
from udviz.recipe.explain import explain
from udviz.recipe.section import Section

TOGETHER = ("-m", "udviz.launching.together")
MEETING_FOLDER = ".meeting"  # of a study: where its machines find each other

Word = Annotated[str, StringConstraints(pattern=r"^[\w.,:+&|*()\[\]@/-]*$", max_length=200)]
Network = Annotated[str, StringConstraints(pattern=r"^[\d./]*$", max_length=18)]


class Placement(Section):
    """Where the processes of a study run; changes nothing of its result beyond rounding."""

    on: Literal["local", "slurm"] = "local"
    """`local` = this machine's queue; `slurm` = a job of the cluster that this machine submits to.
    """
    machines: int = Field(1, ge=1, le=1024)
    """Machines that train together."""
    processes: int = Field(1, ge=1, le=1024)
    """Processes on each machine; each takes a GPU of its own where there are GPUs."""
    network: Network = ""
    """Several machines only: private network that they listen on, as 10.1.0.0/16."""
    public: bool = False
    """Several machines only: the network may be public; a firewall lets no others through."""
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
    def _check_network(self) -> Self:
        if self.machines > 1:
            check_network(self.network, public=self.public, prefix="--placement.")
        return self

    @property
    def is_together(self) -> bool:
        """Whether several processes train together."""
        return self.machines * self.processes > 1

    def command(self, arguments: Sequence[str], study: Path) -> list[str]:
        """What every machine passes to Python to run Python's ``arguments`` in all processes.

        Args:
            arguments: As `udviz.installation.module_of` gives them, and options.
            study: Folder of the study.
        """
        if not self.is_together:
            return list(arguments)
        meeting = ["--processes", str(self.processes)]
        if self.machines > 1:
            meeting += ["--machines", str(self.machines), "--network", self.network]
            meeting += ["--meet", str(study / MEETING_FOLDER), *["--public"] * self.public]
        return [*TOGETHER, *meeting, "--", *arguments]


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
