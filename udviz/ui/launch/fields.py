"""Widgets for the fields of a recipe, made from its schema: type, bounds, choices and help."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section
from udviz.recipe.students import StudentConfig
from udviz.ui.launch.field_names import METHODS, SECTIONS, name_of

GENERAL = "General"
STUDENTS = "students"
_KINDS = {  # of data, as help begins with them
    **{kind: kind for kind in ("scenes", "table", "voc", "coco")},
    **{"imagefolder": "image folder", "nuswide": "nus-wide", "openimages": "open images"},
}
_INHERITED = "as shared"  # of a student's setting that is not its own


@dataclass(frozen=True, kw_only=True)
class RecipeField:
    """One field of the recipe.

    Attributes:
        name: Dotted name, as its flag.
        section: Heading that it stands below.
        info: Type, bounds and help.
    """

    name: str
    section: str
    info: FieldInfo

    @property
    def label(self) -> str:
        """Name as a person reads it below its heading."""
        return name_of(self.name)


def recipe_fields(model: type[Section] = Recipe, prefix: str = "") -> Iterator[RecipeField]:
    """Every field of a recipe but its students', or of a model whose fields have a ``prefix``."""
    for name, info in model.model_fields.items():
        kind, dotted = info.annotation, prefix + (info.alias or name)
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from recipe_fields(kind, f"{dotted}.")
        elif dotted != STUDENTS:
            section = SECTIONS.get(prefix.rstrip("."), GENERAL)
            yield RecipeField(name=dotted, section=section, info=info)


def student_fields(
    name: str, *, method: str, loss: str
) -> tuple[list[RecipeField], list[RecipeField]]:
    """Fields of a student: those that its method may read, and what its network has different."""
    fields = list(recipe_fields(StudentConfig, f"{STUDENTS}.{name}."))
    network = set(NetworkConfig.model_fields)
    own = [field for field in fields if field.name.rpartition(".")[2] not in network]
    read = [field for field in own if _is_read(field.name.rpartition(".")[2], method, loss)]
    return read, [field for field in fields if field.name.rpartition(".")[2] in network]


def _is_read(setting: str, method: str, loss: str) -> bool:
    """Whether a setting may matter to a method and a loss: its help begins with those it is of."""
    owners = (StudentConfig.model_fields[setting].description or "").partition(":")[0].split(", ")
    return setting in ("method", "loss") or bool({method, loss} & set(owners))


def fields_of_kind(fields: Iterable[RecipeField], kind: str) -> list[RecipeField]:
    """Those of ``fields`` that may matter to a kind of data: their help begins with those it is of.

    Args:
        fields: Of the section of the data.
        kind: As `DataConfig.kind` has it.
    """
    return [field for field in fields if _is_of_kind(field.info.description or "", kind)]


def _is_of_kind(told: str, kind: str) -> bool:
    first, *more = (part.partition(":")[0].lower() for part in told.split(";"))
    owners = [part for part in (first, *more) if any(word in part for word in _KINDS.values())]
    return first not in owners or any(_KINDS[kind] in part for part in owners)


def ask(field: RecipeField, value: Any, *, key: str, label: str | None = None) -> Any:
    """Ask for one field; what was entered, to be checked by the schema.

    Args:
        field: The field.
        value: What it is at first; None where it may be left to the shared settings.
        key: Name of the widget.
        label: Name of the field, where the heading does not tell what it belongs to.
    """
    shared: dict[str, Any] = {"key": key, "help": field.info.description}
    name = label or field.label
    may_be_left = NoneType in get_args(field.info.annotation)
    kind = _own_kind(field.info.annotation)
    if get_origin(kind) is Literal or (kind is bool and may_be_left):
        options = list(get_args(kind)) or [True, False]
        index = options.index(value) if value in options else None
        if name_of(field.name) == "Method":
            shared["format_func"] = METHODS.get
        return st.selectbox(name, options, index=index, placeholder=_INHERITED, **shared)
    if kind is bool:
        return st.checkbox(name, value, **shared)
    if kind is int:
        return st.number_input(name, value=value, step=1, placeholder=_INHERITED, **shared)
    if kind is float:
        step = _step(value or 0.0)
        return st.number_input(
            name, value=value, step=step, format="%g", placeholder=_INHERITED, **shared
        )
    if kind is str:
        hint = _INHERITED if may_be_left else None
        typed = st.text_input(name, value, placeholder=hint, **shared)
        return typed or None if may_be_left else typed
    typed = st.text_input(name, ", ".join(map(str, value)), **shared)
    return [item.strip() for item in typed.split(",") if item.strip()]


def _own_kind(annotation: Any) -> Any:
    """What a field holds where it is set: ``int`` of an optional, bounded integer."""
    for kind in get_args(annotation) if NoneType in get_args(annotation) else ():
        if kind is not NoneType:
            return get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return annotation


def ask_in_columns(
    fields: Iterable[RecipeField],
    values: Mapping[str, Any],
    *,
    n_columns: int,
    prefix: str,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Ask for several fields, row by row.

    Args:
        fields: The fields, in order.
        values: What they are at first, by dotted name.
        n_columns: Fields in a row.
        prefix: Of the widgets' keys.
        labels: Names of those whose own would not tell what they are, by dotted name.

    Returns:
        What was entered, by dotted name.
    """
    columns = st.columns(n_columns)
    entered = {}
    for place, field in enumerate(fields):
        with columns[place % n_columns]:
            key, label = prefix + field.name, labels.get(field.name)
            entered[field.name] = ask(field, values[field.name], key=key, label=label)
    return entered


def _step(value: float) -> float:
    """A step of the leading digit's size."""
    return float(f"1e{f'{value:e}'.split('e')[1]}") if value > 0 else 0.1
