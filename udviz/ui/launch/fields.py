"""Widgets for the fields of a recipe, made from its schema: type, bounds, choices and help."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section

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


def recipe_fields(model: type[Section] = Recipe, prefix: str = "") -> Iterator[RecipeField]:
    """Every field of a recipe, or of another model whose fields start with ``prefix``."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from recipe_fields(kind, f"{prefix}{name}.")
        else:
            section = prefix.rstrip(".").capitalize() or GENERAL
            yield RecipeField(name=prefix + name, section=section, info=info)


def ask(field: RecipeField, value: Any, *, key: str, label: str | None = None) -> Any:
    """Ask for one field; what was entered, to be checked by the schema.

    Args:
        field: The field.
        value: What it is at first.
        key: Name of the widget.
        label: Name of the field, where the heading does not tell what it belongs to.
    """
    shared: dict[str, Any] = {"key": key, "help": field.info.description}
    name, kind = label or field.label, field.info.annotation
    if get_origin(kind) is Literal:
        options = list(get_args(kind))
        return st.selectbox(name, options, index=options.index(value), **shared)
    if kind is bool:
        return st.checkbox(name, value, **shared)
    if kind is int:
        return st.number_input(name, value=value, step=1, **shared)
    if kind is float:
        return st.number_input(name, value=value, step=_step(value), format="%g", **shared)
    if kind is str:
        return st.text_input(name, value, **shared)
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


def _step(value: float) -> float:
    """A step of the leading digit's size."""
    return float(f"1e{f'{value:e}'.split('e')[1]}") if value > 0 else 0.1
