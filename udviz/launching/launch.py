"""Start, stop and continue studies. How a process comes about, only a launcher knows."""

import json
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from udviz.installation import module_of, typed
from udviz.launching.detach import run_detached
from udviz.launching.environment import named_by
from udviz.launching.flags import flags
from udviz.launching.launcher import WAITING, Launcher, launcher_for
from udviz.launching.placement import HERE, Placement, parse_placement
from udviz.launching.resources.limits import check_limits, this_machine
from udviz.launching.stop import ask_to_stop
from udviz.recipe.files import RECIPES, parse_recipe, read_recipe, recipe_path
from udviz.recipe.schema import Recipe
from udviz.studies import privacy
from udviz.studies.directory import LAUNCH_FILE, STUDY_FILE
from udviz.studies.failure import reason
from udviz.studies.files import own_json, replace_json
from udviz.studies.lock import FAREWELL, exclusive
from udviz.studies.log import LOG_FILE
from udviz.studies.status import BEING_STARTED, check_idle, stop_request, write_status


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A study that a person wants.

    Attributes:
        source: Recipe it starts from, by name or path.
        recipe: What it is to be in the end.
        placement: Where it runs.
    """

    source: str
    recipe: Recipe
    placement: Placement = HERE

    def arguments(self, study: Path) -> list[str]:
        """What one process passes to Python to train it into ``study``."""
        changed = flags(read_recipe(recipe_path(self.source)), self.recipe)
        return [*study_arguments(self.source, study), *changed]

    def typed(self, study: Path) -> str:
        """The command that trains it, as a person types it on this machine."""
        arguments = self.arguments(study)
        if self.placement.on == "local":
            return as_typed(self.placement.command(arguments, study))
        options = arguments[len(module_of("study")) :]
        where = flags(HERE, self.placement, prefix="placement.")
        return as_typed([*module_of("launch"), *options, *where])


def study_arguments(source: str, out: Path) -> list[str]:
    """What Python is given to train the recipe ``source`` into ``out``."""
    return [*module_of("study"), "--recipe", source, "--out", str(out)]


def as_typed(arguments: list[str]) -> str:
    """A call of Python as a person types it."""
    return shlex.join(typed(arguments))


def launch(plan: Plan, study: Path, *, launcher: Launcher | None = None) -> None:
    """Begin a new study.

    Args:
        plan: What it is to be.
        study: Its folder.
        launcher: Starts it; by default the one of the plan's placement.

    Raises:
        RuntimeError: If another process is at it at this moment, or it cannot be started there.
        FileExistsError: If ``study`` holds one already.
        ValueError: If a setting is more than this machine can bear.
        OSError: If it cannot be written.
    """
    study = study.absolute()
    _check_limits(plan, study)
    study.mkdir(mode=privacy.folder_mode(), parents=True, exist_ok=True)
    _check_new(study)
    with exclusive(study, patience=FAREWELL) as lock:
        _check_new(study)
        _note(plan, study)
        _start(plan, study, lock, launcher)


def resume(
    study: Path, *, placement: Placement | None = None, launcher: Launcher | None = None
) -> None:
    """Go on with a study that ended before it was complete; what is done is skipped.

    Args:
        study: Its folder.
        placement: Where it runs from now on; None = where it ran before.
        launcher: Starts it; by default the one of the placement.

    Raises:
        RuntimeError: If it is under way, or cannot be started there.
        ValueError: If nothing says which recipe it has, or a setting is more than this machine
            can bear.
        OSError: If it cannot be written.
    """
    study = study.absolute()
    check_idle(study)
    with exclusive(study, patience=FAREWELL) as lock:
        plan = plan_of(study)
        if placement is not None:
            plan = replace(plan, placement=placement)
        _check_limits(plan, study)
        if placement is not None:
            _note(plan, study)
        _start(plan, study, lock, launcher)


def stop(study: Path) -> None:
    """Ask a study to save and end; it is killed if it has not after 30 s.

    Raises:
        RuntimeError: If it cannot be asked, or the process that sees to its end not started.
        OSError: If the request cannot be written.
    """
    study = study.absolute()
    asked = ask_to_stop(study)
    if asked is not None:
        whom = json.dumps(stop_request(asked))
        run_detached(["udviz.launching.stop", "--asked", whom, str(study)], log=study / LOG_FILE)


def plan_of(study: Path) -> Plan:
    """What a study is: its own recipe, or what was asked for if it never began.

    No command is ever read from a study's folder, only settings that pass the schema.

    Raises:
        ValueError: If neither can be read; names the file.
    """
    file = study / STUDY_FILE
    asked = _asked(study)
    placement = parse_placement(asked["placement"]) if asked else HERE
    if file.is_file():
        return Plan(source=str(file), recipe=read_recipe(file), placement=placement)
    if not asked:
        again = as_typed(study_arguments("RECIPE", study))
        raise ValueError(
            f"`{study}` must hold {STUDY_FILE} or {LAUNCH_FILE} to go on from, but neither can be "
            f"read. Start it in a terminal with its recipe: {again}"
        )
    recipe = parse_recipe(asked["settings"], source=str(study / LAUNCH_FILE))
    return Plan(source=asked["recipe"], recipe=recipe, placement=placement)


def _note(plan: Plan, study: Path) -> None:
    """Write down what was asked for."""
    asked = {
        "recipe": plan.source,
        "asked": time.time(),
        "settings": plan.recipe.model_dump(mode="json"),
        "placement": plan.placement.model_dump(mode="json"),
    }
    replace_json(study / LAUNCH_FILE, asked)


def _asked(study: Path) -> dict[str, Any]:
    """What `LAUNCH_FILE` says; empty if it is not there or damaged."""
    try:
        asked = own_json(study / LAUNCH_FILE)
        whole: dict[str, Any] = {
            "recipe": str(asked["recipe"]),
            "settings": dict(asked["settings"]),
            "placement": dict(asked.get("placement", {})),
        }
        whole["placement"].pop("meeting_point", None)  # of an older version: it was a port
        _check_source(whole["recipe"], study.parent)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return whole


def _check_source(source: str, root: Path) -> None:
    """Raise unless ``source`` is a recipe that is known here, or that of a study in ``root``."""
    file = recipe_path(source).resolve()
    if not (file.is_relative_to(RECIPES.resolve()) or file.is_relative_to(root.resolve())):
        raise ValueError(f"the recipe {source} lies elsewhere")


def is_begun(study: Path) -> bool:
    """Whether there is a study at ``study``, or one was asked for."""
    return any((study / name).exists() for name in (STUDY_FILE, LAUNCH_FILE))


def _check_limits(plan: Plan, study: Path) -> None:
    """Raise if this machine cannot bear the settings; a job of a cluster looks when it starts."""
    if plan.placement.on == "local":
        check_limits(plan.recipe, this_machine(study))


def _check_new(study: Path) -> None:
    if is_begun(study):
        raise FileExistsError(
            f"There is a study called {study.name} already. Choose another name, or resume it."
        )


def _start(plan: Plan, study: Path, lock: int, launcher: Launcher | None) -> None:
    check_idle(study)
    launcher = launcher or launcher_for(plan.placement)
    arguments, device = plan.arguments(study), plan.recipe.hardware.device
    write_status(study, replace(WAITING, stage=BEING_STARTED))
    try:
        if why_not := launcher.refusal(plan.placement, device):
            raise RuntimeError(why_not)
        launcher.start(
            study,
            arguments,
            placement=plan.placement,
            device=device,
            lock=lock,
            wanted=named_by(plan.recipe),
        )
    except (OSError, RuntimeError) as error:
        failed = replace(WAITING, state="failed", stage="Starting", message=reason(error))
        write_status(study, failed)
        raise
