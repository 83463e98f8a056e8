"""Recipes of the time when a study had one baseline and one distilled student."""

from collections.abc import Mapping
from typing import Any

from udviz.recipe.students import StudentConfig
from udviz.vocabulary import BASELINE, DISTILLED, METHODS, TEACHER

OLD_SECTION = "distill"


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` of a recipe with its section ``[distill]`` as the two students that it meant.

    The teacher was trained whether anybody learnt from it or not, and stays the reference. What
    was set but not read by the method is left out. Faults are for the schema to find.
    """
    old = values.get(OLD_SECTION)
    if not isinstance(old, Mapping) or "students" in values:
        return dict(values)
    rest = {name: value for name, value in values.items() if name != OLD_SECTION}
    students: dict[str, Any] = {BASELINE: {"method": "none"}}
    if old.get("method", "ud") == "none":
        rest.setdefault("reference", TEACHER)
    else:
        students[DISTILLED] = _without_unread(old)
    return rest | {"students": students}


def _without_unread(old: Mapping[str, Any]) -> dict[str, Any]:
    method = old.get("method", "ud")
    known = method in METHODS
    unread = set(StudentConfig.model_fields)
    unread -= {"method", *(StudentConfig(method=method).way.settings if known else unread)}
    return {name: value for name, value in old.items() if name not in unread}
