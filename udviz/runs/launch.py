"""Start, stop and continue studies. How a process comes about, only a launcher knows."""

import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from udviz.recipe import RECIPES, Recipe, parse_recipe, read_recipe, recipe_path
from udviz.runs.detach import run_detached
from udviz.runs.devices import slots_for
from udviz.runs.directory import STUDY_FILE
from udviz.runs.failure import reason
from udviz.runs.files import replace_json
from udviz.runs.flags import flags
from udviz.runs.lock import FAREWELL, HANDED_OVER, exclusive
from udviz.runs.queue import join_queue
from udviz.runs.status import Status, check_idle, write_status

LAUNCH_FILE = "launch.json"
LOG_FILE = "log.txt"


class Launcher(Protocol):
    """What starts and ends the process of a study; pages and pipelines never learn how."""

    def start(self, study: Path, arguments: list[str], *, device: str, lock: int) -> None:
        """Start ``python`` with ``arguments`` as soon as there is a device for it.

        Args:
            study: Folder of the study; its status is *queued*.
            arguments: Of the interpreter.
            device: ``auto``, ``cpu`` or ``cuda``.
            lock: File descriptor that holds the study; the process must hold it on.
        """

    def stop(self, study: Path) -> None:
        """Ask the study's process to save and end; see to it that it does."""


class LocalLauncher:
    """Processes on this machine: one per GPU; one at a time where there is none."""

    def start(self, study: Path, arguments: list[str], *, device: str, lock: int) -> None:
        """Start a process that waits for its turn and then becomes the command."""
        ticket = join_queue(study.parent, study.name, slots_for(device))
        run_detached(
            ["udviz.runs.turn", str(study), str(ticket.number), *ticket.slots, "--", *arguments],
            log=study / LOG_FILE,
            variables={HANDED_OVER: str(lock)},
            keep_open=[lock],
        )

    def stop(self, study: Path) -> None:
        """Start a process that ends it, by force after 30 s."""
        run_detached(["udviz.runs.stop", "--detach", str(study)], log=study / LOG_FILE)


LOCAL = LocalLauncher()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A study that a person wants.

    Attributes:
        source: Recipe it starts from, by name or path.
        recipe: What it is to be in the end.
    """

    source: str
    recipe: Recipe

    def command(self, study: Path) -> list[str]:
        """The command that trains it into ``study``; the same works in a terminal."""
        changed = flags(read_recipe(recipe_path(self.source)), self.recipe)
        return [*study_command(self.source, study), *changed]


def study_command(source: str, out: Path) -> list[str]:
    """The command that trains the recipe ``source`` into ``out``."""
    recipe = ["--recipe", source, "--out", str(out)]
    return [sys.executable, "-m", "pipelines.study", *recipe]


def as_typed(command: list[str]) -> str:
    """A command as a person types it."""
    return shlex.join(["python", *command[1:]])


def launch(plan: Plan, study: Path, *, launcher: Launcher = LOCAL) -> None:
    """Begin a new study.

    Raises:
        RuntimeError: If another process is at it at this moment.
        FileExistsError: If ``study`` holds one already.
        OSError: If it cannot be written.
    """
    study = study.absolute()
    study.mkdir(parents=True, exist_ok=True)
    _check_new(study)
    with exclusive(study, patience=FAREWELL) as lock:
        _check_new(study)
        settings = plan.recipe.model_dump(mode="json")
        asked = {"recipe": plan.source, "asked": time.time(), "settings": settings}
        replace_json(study / LAUNCH_FILE, asked)
        _start(plan.command(study), study, plan.recipe, lock, launcher)


def resume(study: Path, *, launcher: Launcher = LOCAL) -> None:
    """Go on with a study that ended before it was complete; what is done is skipped.

    Raises:
        RuntimeError: If it is under way.
        ValueError: If nothing says which recipe it has.
        OSError: If it cannot be written.
    """
    study = study.absolute()
    check_idle(study)
    with exclusive(study, patience=FAREWELL) as lock:
        plan = plan_of(study)
        _start(plan.command(study), study, plan.recipe, lock, launcher)


def stop(study: Path, *, launcher: Launcher = LOCAL) -> None:
    """Ask a study to save and end; it is killed if it has not after 30 s."""
    launcher.stop(study.absolute())


def plan_of(study: Path) -> Plan:
    """What a study is: its own recipe, or what was asked for if it never began.

    No command is ever read from a study's folder, only settings that pass the schema.

    Raises:
        ValueError: If neither can be read; names the file.
    """
    file = study / STUDY_FILE
    if file.is_file():
        return Plan(source=str(file), recipe=read_recipe(file))
    path = study / LAUNCH_FILE
    try:
        asked = json.loads(path.read_text(encoding="utf-8"))
        source, settings = str(asked["recipe"]), dict(asked["settings"])
        _check_source(source, study.parent)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        again = as_typed(study_command("RECIPE", study))
        raise ValueError(
            f"`{study}` must hold {STUDY_FILE} or {LAUNCH_FILE} to go on from, but neither can be "
            f"read. Start it in a terminal with its recipe: {again}"
        ) from error
    return Plan(source=source, recipe=parse_recipe(settings, source=str(path)))


def _check_source(source: str, root: Path) -> None:
    """Raise unless ``source`` is a recipe that is known here, or that of a study in ``root``."""
    file = recipe_path(source).resolve()
    if not (file.is_relative_to(RECIPES.resolve()) or file.is_relative_to(root.resolve())):
        raise ValueError(f"the recipe {source} lies elsewhere")


def _check_new(study: Path) -> None:
    if any((study / name).exists() for name in (STUDY_FILE, LAUNCH_FILE)):
        raise FileExistsError(
            f"There is a study called {study.name} already. Choose another name, or resume it."
        )


def _start(command: list[str], study: Path, recipe: Recipe, lock: int, launcher: Launcher) -> None:
    check_idle(study)
    write_status(study, Status(state="queued", stage="Waiting for its turn", fraction=0.0))
    try:
        launcher.start(study, command[1:], device=recipe.hardware.device, lock=lock)
    except (OSError, RuntimeError) as error:
        failed = Status(state="failed", stage="Starting", fraction=0.0, message=reason(error))
        write_status(study, failed)
        raise
