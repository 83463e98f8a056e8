"""The command line of a study: a recipe, an output folder, and every field a flag."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import CliApp

from udviz.checks import check_choice
from udviz.commands.options import check_flags, settings_for
from udviz.commands.reporting import StudyReport
from udviz.launching.queue import occupied
from udviz.launching.resources.devices import slots_for
from udviz.launching.resources.limits import check_limits, this_machine
from udviz.processes import is_main
from udviz.recipe.explain import explain
from udviz.recipe.files import RECIPES, read_recipe, recipe_path
from udviz.recipe.schema import Recipe
from udviz.recipe.students import comparisons_without
from udviz.stoppable import stoppable
from udviz.studies import privacy
from udviz.studies.directory import check_links, runs_root
from udviz.studies.failure import reason
from udviz.studies.lock import exclusive


class Command:
    """What the command line asked for.

    Attributes:
        source: Name of the recipe it starts from, or its file.
        recipe: The resolved recipe.
        study: Folder of the study.
        quiet: Whether to show no progress bars.
        options: Options of this pipeline alone, by name.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        name = values.pop("recipe")
        chosen = recipe_path(name)
        self.source: str = name if chosen.parent == RECIPES else str(chosen.absolute())
        out = values.pop("out")
        self.quiet: bool = values.pop("quiet")
        students, kept = values["students"], values.pop("only_students")
        for unknown in set(kept) - set(students):
            check_choice(unknown, students, name="only_students")
        left_out = set(students) - set(kept) if kept else set()
        values["students"] = {n: s for n, s in students.items() if n not in left_out}
        values["comparisons"] = comparisons_without(left_out, values["comparisons"])
        self.recipe = Recipe.model_validate(
            {name: values.pop(name) for name in Recipe.model_fields}
        )
        self.options = values
        self.study = Path(out) if out else runs_root() / _default_name(chosen)


def _default_name(recipe_file: Path) -> str:
    """A recipe's own name; for the stored recipe of a study, that study's folder."""
    return recipe_file.parent.name if recipe_file.name == "study.toml" else recipe_file.stem


def parse(
    arguments: Sequence[str], *, program: str, summary: str, extra: type[BaseModel] | None = None
) -> Command:
    """Read a command line; values given there win over the recipe's, those over the defaults.

    Args:
        arguments: Without the program's name.
        program: As it is called, for the help.
        summary: One sentence for the help.
        extra: Model of further options of this pipeline.

    Raises:
        SystemExit: For ``--help``, or with a message that names each bad flag.
    """
    try:
        check_flags(arguments)
        recipe = read_recipe(recipe_path(_recipe_argument(arguments)))
        model = settings_for(recipe, arguments, program=program, summary=summary, extra=extra)
        settings: BaseModel = CliApp.run(model, cli_args=list(arguments))
        return Command(settings.model_dump())
    except ValidationError as error:
        raise SystemExit(f"{program}: these settings do not work:\n{explain(error)}") from error
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f"{program}: {reason(error)}") from error


def _recipe_argument(arguments: Sequence[str]) -> str:
    for position, argument in enumerate(arguments):
        if argument.startswith("--recipe="):
            return argument.removeprefix("--recipe=")
        if argument == "--recipe" and position + 1 < len(arguments):
            return arguments[position + 1]
    return "demo"


@contextmanager
def study_at(asked: Command, *, n_parts: int) -> Iterator[StudyReport]:
    """Hold the study alone, and see to it that its status tells how the work ended.

    Raises:
        RuntimeError: If another process works on it.
        ValueError: If a setting is more than this machine can bear, or a link in the study leads
            out of the folder that it lies in.
    """
    check_limits(asked.recipe, this_machine(asked.study))
    asked.study.mkdir(mode=privacy.folder_mode(), parents=True, exist_ok=True)
    check_links(asked.study)
    with exclusive(asked.study) if is_main() else nullcontext(), stoppable():
        report = StudyReport(asked.study, n_parts=n_parts, quiet=asked.quiet)
        try:
            with _device(asked) if is_main() else nullcontext(), report.beating():
                yield report
        except (InterruptedError, KeyboardInterrupt) as error:
            report.end("stopped", reason(error))
            raise
        except BaseException as error:
            report.end("failed", reason(error))
            raise
        report.end("finished", "")


@contextmanager
def _device(asked: Command) -> Iterator[None]:
    """Mark the device as busy for runs that queue for it."""
    n_devices = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    slots = slots_for(asked.recipe.hardware.device)
    root, name = asked.study.absolute().parent, asked.study.name
    n_wanted = min(n_devices, len(slots))
    with occupied(root, name, slots, n_wanted=n_wanted) as alone:
        if not alone:
            print("Another run is using this device; this one does not wait for it.", flush=True)
        yield
