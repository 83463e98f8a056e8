"""Widgets for the fields of a recipe, made from its schema: type, bounds, choices and help."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from udviz.launching.flags import STUDENTS
from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section
from udviz.recipe.students import StudentConfig

GENERAL = "General"


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
        words = self.name.split(".")[-1].replace("_", " ")
        return words[0].upper() + words[1:]


def recipe_fields(
    model: type[Section] = Recipe, prefix: str = "", *, students: Iterable[str] = ()
) -> Iterator[RecipeField]:
    """Every field of a recipe with these students, or of a model whose fields start otherwise."""
    for name, info in model.model_fields.items():
        kind, dotted = info.annotation, prefix + (info.alias or name)
        if name == STUDENTS:
            for student in students:
                yield from recipe_fields(StudentConfig, f"{STUDENTS}.{student}.")
        elif isinstance(kind, type) and issubclass(kind, Section):
            yield from recipe_fields(kind, f"{dotted}.")
        else:
            yield RecipeField(name=dotted, section=_heading(prefix), info=info)


def _heading(prefix: str) -> str:
    """Heading of the fields that start with ``prefix``; a student keeps its name as it is."""
    section, _, student = prefix.rstrip(".").partition(".")
    return f"Student {student}" if student else section.capitalize() or GENERAL


def ask(field: RecipeField, value: Any, *, key: str, label: str | None = None) -> Any:
    """Ask for one field; what was entered, to be checked by the schema.

    Args:
        field: The field.
        value: What it is at first.
        key: Name of the widget.
        label: Name of the field, where the heading does not tell what it belongs to.
    """
    shared: dict[str, Any] = {"key": key, "help": field.info.description}
    name, (kind, optional) = label or field.label, _kind(field.info.annotation)
    if get_origin(kind) is Literal or (kind is bool and optional):
        words = [True, False] if kind is bool else list(get_args(kind))
        options = [None, *words] if optional else words
        place = options.index(value)
        return st.selectbox(name, options, index=place, format_func=_as_word, **shared)
    if kind is bool:
        return st.checkbox(name, value, **shared)
    if kind is int:
        return st.number_input(name, value=value, step=1, **shared)
    if kind is float:
        return st.number_input(name, value=value, step=_step(value or 0), format="%g", **shared)
    if kind is str:
        typed = st.text_input(name, value or "", **shared)
        return typed or (None if optional else "")
    typed = st.text_input(name, ", ".join(map(str, value)), **shared)
    return [item.strip() for item in typed.split(",") if item.strip()]


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


def _kind(annotation: Any) -> tuple[Any, bool]:
    """Type of a field without its bounds, and whether it may be left open."""
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    optional = len(kinds) < len(get_args(annotation))
    kind = kinds[0] if optional else annotation
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind, optional


def _as_word(value: Any) -> str:
    return "as all students" if value is None else str(value)


def _step(value: float) -> float:
    """A step of the leading digit's size."""
    return float(f"1e{f'{value:e}'.split('e')[1]}") if value > 0 else 0.1
