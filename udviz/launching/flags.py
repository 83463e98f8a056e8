"""From a recipe and what a person changed of it to the flags of a command line, and back."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def flags(base: BaseModel, wanted: BaseModel, *, prefix: str = "") -> list[str]:
    """The flags that turn ``base`` into ``wanted``; nothing for a field that is the same."""
    before = dict(leaves(base, prefix))
    found: list[str] = []
    for name, value in leaves(wanted, prefix):
        if value != before[name]:
            found += _flag(name, value)
    return found


def leaves(recipe: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a recipe as its dotted name and its value."""
    for name in type(recipe).model_fields:
        value = getattr(recipe, name)
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Dotted names and values as the nested dictionaries of a recipe."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *sections, field = name.split(".")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        place[field] = value
    return found


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple):
        return [part for item in value for part in _flag(name, item)]
    text = str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]
