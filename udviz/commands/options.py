"""The flags of a recipe: every field of every section, and of every student that is named.

The students differ from study to study, so the flags are made for the recipe at hand: one section
``--students.NAME.`` for each of its students, and for each other name on the command line.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from udviz.checks import shown
from udviz.launching.flags import NOT_SET, STUDENTS
from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section
from udviz.recipe.students import StudentConfig, check_student_name

_STUDENT_FLAG = re.compile(r"--students\.([^=]*)\.[^.=]+(?:=.*)?", re.DOTALL)
_OLD_FLAGS = {"--distill.": "--students.distilled.", "--role": "--model"}


class StudyOptions(Section):
    """What goes with a recipe: where its study is kept, and which students it keeps."""

    recipe: str = "demo"
    """Name of a recipe that comes along, or the path of a TOML file."""
    only_students: tuple[str, ...] = ()
    """Students to keep, with their comparisons, as baseline,kd; empty = all.

    One is added with --students.NAME.method."""
    out: Path | None = None
    """Folder of the study; default: runs/<recipe>."""
    quiet: bool = False
    """No progress bars."""


def settings_for(
    recipe: Recipe,
    arguments: Sequence[str],
    *,
    program: str,
    summary: str,
    extra: type[BaseModel] | None,
) -> type[BaseSettings]:
    """Settings whose defaults are those of ``recipe``, so that ``--help`` tells what will be used.

    Raises:
        ValueError: If a student on the command line has no name that a student may have.
    """
    fields = _fields(recipe)
    named = {name: StudentConfig() for name in students_named(arguments)}
    students = recipe.students | {n: s for n, s in named.items() if n not in recipe.students}
    fields[STUDENTS] = _nested("Students", {name: _section(s) for name, s in students.items()})
    bases = (StudyOptions,) if extra is None else (extra, StudyOptions)
    options = create_model("Options", __base__=bases, **fields)

    class Settings(BaseSettings, options):
        model_config = SettingsConfigDict(
            cli_prog_name=program,
            cli_kebab_case=False,
            cli_implicit_flags=True,
            cli_avoid_json=True,
            cli_parse_none_str=NOT_SET,  # so that None and null are words
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


def students_named(arguments: Iterable[str]) -> tuple[str, ...]:
    """Students that have a flag among ``arguments``, in that order.

    Raises:
        ValueError: If that is no name of a student.
    """
    found = [match[1] for text in arguments if (match := _STUDENT_FLAG.fullmatch(text))]
    for name in found:
        check_student_name(name)
    return tuple(dict.fromkeys(found))


def check_flags(arguments: Iterable[str]) -> None:
    """Raise if a flag has another name by now.

    Raises:
        ValueError: Names the new one.
    """
    for text in arguments:
        for old, new in _OLD_FLAGS.items():
            if text.startswith(old):
                flag = text.partition("=")[0]
                without = " Leave that student out with --only_students baseline."
                raise ValueError(
                    f"{shown(flag)} is called {shown(flag.replace(old, new))} now."
                    f"{without if flag == '--distill.method' else ''}"
                )


def _fields(values: Section) -> dict[str, Any]:
    """Fields of a section as `create_model` takes them, with ``values`` as their defaults."""
    fields: dict[str, Any] = {}
    for name, info in type(values).model_fields.items():
        value = getattr(values, name)
        if isinstance(value, Section):
            fields[name] = _section(value, description=info.description)
        else:
            default = Field(
                value, alias=info.alias, description=info.description, validate_default=True
            )
            fields[name] = (info.rebuild_annotation(), default)
    return fields


def _section(values: Section, *, description: str | None = None) -> Any:
    """A field that is a section, with ``values`` as the defaults."""
    kind = type(values)
    model = create_model(kind.__name__, __base__=kind, __doc__=kind.__doc__, **_fields(values))
    return model, Field(model(), description=description)


def _nested(name: str, fields: dict[str, Any]) -> Any:
    """A field that is a section made of sections."""
    model = create_model(name, __base__=Section, **fields)
    return model, Field(model())
