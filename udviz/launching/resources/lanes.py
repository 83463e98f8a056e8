"""How many runs of a study are trained side by side, and with how many threads each.

A small network leaves the threads of a CPU waiting for each other: two of them train faster side
by side, each with half of the threads, than one after the other with all.
"""

from dataclasses import dataclass

from udviz.launching.resources.cost import device_of, memory_of
from udviz.launching.resources.limits import Machine
from udviz.processes import n_processes
from udviz.recipe.schema import Recipe
from udviz.studies.models import runs_of
from udviz.vocabulary import TEACHER

SMALL_PX = 128  # larger images give the threads enough to do
MEMORY_SHARE = 0.5  # of the machine's that the runs may take together


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """Where runs go side by side. They depend on recipe and machine alone.

    A run that is resumed alone has as many threads as it had beside others, and so the same bits.

    Attributes:
        n: How many runs at once.
        threads: CPU threads of each; 0 = PyTorch's choice.
    """

    n: int
    threads: int

    def cores(self, machine: Machine) -> int:
        """CPU cores that all of them train on."""
        return self.n * self.threads or machine.n_cores


def lanes_of(recipe: Recipe, machine: Machine) -> Lanes:
    """As many as the recipe says, or else as are worth while and have room.

    Raises:
        ValueError: If the recipe wants several, and several processes share every run already.
    """
    hardware = recipe.hardware
    if hardware.side_by_side > 1 and n_processes() > 1:
        raise ValueError(
            "--hardware.side_by_side must be 0 or 1 where several processes train each run "
            f"together, got {hardware.side_by_side}."
        )
    n = hardware.side_by_side or _worth_while(recipe, machine)
    share = max(1, machine.n_cores // n) if n > 1 else 0
    return Lanes(n=n, threads=hardware.threads or share)


def _worth_while(recipe: Recipe, machine: Machine) -> int:
    """Those that wait for a teacher go beside each other, and those that do not beside it."""
    memory, is_small = memory_of(recipe), recipe.data.side_px <= SMALL_PX
    if memory is None or not is_small or device_of(recipe) != "cpu" or n_processes() > 1:
        return 1
    runs = [run for run in runs_of(recipe) if run.model != TEACHER]
    students = recipe.students
    taught = sum(run.model in students and students[run.model].way.teacher for run in runs)
    cores = machine.n_cores // max(recipe.hardware.threads, 1)
    room = int(MEMORY_SHARE * machine.memory / memory)
    return max(1, min(max(taught, len(runs) - taught), cores, room))
