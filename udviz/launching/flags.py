"""From a recipe and what a person changed of it to the flags of a command line, and back."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from udviz.recipe.students import comparisons_without

STUDENTS, COMPARISONS = "students", "comparisons"
NOT_SET = "<default>"  # on the command line: of a student's field, as that of `student`


def flags(base: BaseModel, wanted: BaseModel, *, prefix: str = "") -> list[str]:
    """The flags that turn ``base`` into ``wanted``; nothing for a field that is the same."""
    before = dict(leaves(base, prefix))
    left_out = _left_out(base, wanted)
    found = _flag("only_students", tuple(getattr(wanted, STUDENTS))) if left_out else []
    if left_out:  # what compares them goes with them
        before[COMPARISONS] = comparisons_without(left_out, before[COMPARISONS])
    for name, value in leaves(wanted, prefix):
        is_new = name not in before  # of a student that the base does not have
        same = _default(wanted, name) if is_new else before[name]
        if value != same or (is_new and name.endswith(".method")):
            found += _flag(name, value)
    return found


def leaves(recipe: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a recipe, and of each of its students, as its dotted name and its value."""
    for name, info in type(recipe).model_fields.items():
        value, dotted = getattr(recipe, name), prefix + (info.alias or name)
        sections = value if isinstance(value, dict) else {}
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{dotted}.")
        for section, inside in sections.items():
            yield from leaves(inside, f"{dotted}.{section}.")
        if not isinstance(value, BaseModel | dict):
            yield dotted, value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names and values as the nested dictionaries of a recipe."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *sections, field = name.split(".")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        place[field] = value
    return found


def _left_out(base: BaseModel, wanted: BaseModel) -> set[str]:
    """Students of ``base`` that ``wanted`` does not have."""
    before, after = (getattr(recipe, STUDENTS, {}) for recipe in (base, wanted))
    return set(before) - set(after)


def _default(recipe: BaseModel, name: str) -> Any:
    """What a field of a student is where nobody sets it."""
    _, student, field = name.split(".")
    return type(getattr(recipe, STUDENTS)[student]).model_fields[field].default


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool) and not name.startswith(f"{STUDENTS}."):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple):
        return [part for item in value for part in _flag(name, item)] or [f"--{name}", "[]"]
    text = NOT_SET if value is None else str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]
