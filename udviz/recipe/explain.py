"""What is wrong with a recipe, one line per field with its flag."""

import re

from pydantic import ValidationError

from udviz.checks import shown

_FIELD = re.compile(r"^(?:Value error, )?`([\w.-]+)`")


def explain(error: ValidationError, *, prefix: str = "") -> str:
    """One line per fault of a recipe: the flag, what was expected, what came.

    Args:
        error: What the schema said.
        prefix: Of the flags, where they are those of a section.
    """
    lines = []
    for fault in error.errors(include_url=False):
        place = prefix + ".".join(str(part) for part in fault["loc"])
        named = _FIELD.search(fault["msg"])  # a fault between fields stands at no place
        place = place or (named[1] if named else "")
        flag = f"--{place.rstrip('.')}" if place else "recipe"
        got = "" if fault["type"] == "value_error" else f", got {shown(repr(fault['input']))}"
        lines.append(f"  {shown(flag)}: {fault['msg'].removeprefix('Value error, ')}{got}")
    return "\n".join(lines)
