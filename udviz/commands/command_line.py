"""The command line that all pipelines share: a recipe, an output folder, and every field a flag."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic_settings import BaseSettings, CliApp, SettingsConfigDict

from udviz.commands.reporting import StudyReport
from udviz.launching.devices import slots_for
from udviz.launching.queue import occupied
from udviz.recipe.explain import explain
from udviz.recipe.files import RECIPES, recipe_path, recipe_values
from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section
from udviz.studies.directory import check_links, runs_root
from udviz.studies.failure import reason
from udviz.studies.lock import exclusive
from udviz.training import distributed

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StudyOptions(Recipe):
    """A recipe and where its study is kept."""

    recipe: str = "demo"
    """Name of a recipe in pipelines/recipes, or the path of a TOML file."""
    out: Path | None = None
    """Folder of the study; default: runs/<recipe>."""
    quiet: bool = False
    """No progress bars."""


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
        stored = recipe_values(recipe_path(_recipe_argument(arguments)))
        model = _settings(stored, program, summary, extra)
        settings: BaseModel = CliApp.run(model, cli_args=list(arguments))
        return Command(settings.model_dump())
    except ValidationError as error:
        raise SystemExit(f"{program}: these settings do not work:\n{explain(error)}") from error
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f"{program}: {reason(error)}") from error


def run_as_program(main: Callable[[Sequence[str]], None]) -> None:
    """Run a pipeline's ``main``; errors end it with a sentence instead of a traceback."""
    try:
        main(sys.argv[1:])
    except (InterruptedError, KeyboardInterrupt) as error:
        print(error, file=sys.stderr)
        raise SystemExit(130) from error
    except (OSError, ValueError, RuntimeError, ArithmeticError) as error:
        raise SystemExit(f"Failed: {reason(error)}") from error


def _recipe_argument(arguments: Sequence[str]) -> str:
    for position, argument in enumerate(arguments):
        if argument.startswith("--recipe="):
            return argument.removeprefix("--recipe=")
        if argument == "--recipe" and position + 1 < len(arguments):
            return arguments[position + 1]
    return "demo"


def _settings(
    stored: dict[str, Any], program: str, summary: str, extra: type[BaseModel] | None
) -> type[BaseSettings]:
    """Settings whose defaults are the recipe's, so that ``--help`` tells what will be used."""
    bases = (StudyOptions,) if extra is None else (extra, StudyOptions)
    merged = create_model("Options", __base__=bases, __doc__=summary)
    model = _with_defaults(merged, stored)

    class Settings(BaseSettings, model):  # type: ignore[valid-type, misc]
        model_config = SettingsConfigDict(
            cli_prog_name=program,
            cli_kebab_case=False,
            cli_implicit_flags=True,
            cli_avoid_json=True,
            cli_parse_none_str="<default>",  # so that None and null are words
            extra="forbid",
            frozen=True,
        )

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *sources: Any, **named: Any
        ) -> tuple[Any, ...]:
            """The command line only: an environment variable NAME is no recipe."""
            return ()

    Settings.__doc__ = summary
    return Settings


def _with_defaults(model: type[BaseModel], values: dict[str, Any]) -> type[BaseModel]:
    """A copy of ``model`` whose defaults are ``values``; nested sections likewise."""
    changed: dict[str, Any] = {}
    for name, value in values.items():
        field = model.model_fields.get(name)
        if field is None:
            changed[name] = (Any, value)  # validation will name it as unknown
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            section = _with_defaults(field.annotation, value)
            changed[name] = (section, Field(section(), description=field.description))
        else:
            default = Field(value, description=field.description, validate_default=True)
            changed[name] = (field.rebuild_annotation(), default)
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **changed)


@contextmanager
def study_at(asked: Command, *, n_parts: int) -> Iterator[StudyReport]:
    """Hold the study alone, and see to it that its status tells how the work ended.

    Raises:
        RuntimeError: If another process works on it.
        ValueError: If a link in it leads out of the folder that it lies in.
    """
    asked.study.mkdir(parents=True, exist_ok=True)
    check_links(asked.study)
    with _place(asked) if distributed.is_main() else nullcontext(), stoppable():
        report = StudyReport(asked.study, n_parts=n_parts, quiet=asked.quiet)
        try:
            yield report
        except (InterruptedError, KeyboardInterrupt) as error:
            report.end("stopped", reason(error))
            raise
        except BaseException as error:
            report.end("failed", reason(error))
            raise
        report.end("finished", "")


@contextmanager
def _place(asked: Command) -> Iterator[None]:
    """Hold the study, and mark the device as busy for runs that queue for it."""
    n_devices = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    slots = slots_for(asked.recipe.hardware.device)
    root, name = asked.study.absolute().parent, asked.study.name
    n_wanted = min(n_devices, len(slots))
    with exclusive(asked.study), occupied(root, name, slots, n_wanted=n_wanted) as alone:
        if not alone:
            print("Another run is using this device; this one does not wait for it.", flush=True)
        yield


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the first SIGTERM or Ctrl-C into a KeyboardInterrupt that says what to do.

    The training loop takes these signals over while it trains, to write a checkpoint first.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in _STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # the end is not to be interrupted
    raise KeyboardInterrupt("Stopped. Start it again; it continues.")
