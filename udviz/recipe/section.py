"""A part of a recipe: frozen, typed, and without fields that nobody knows."""

import os
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from udviz.checks import is_text, shown


class Section(BaseModel):
    """A frozen part of a recipe; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @field_validator("*")
    @classmethod
    def _check_text(cls, value: Any) -> Any:
        if isinstance(value, str) and ("\0" in value or not is_text(value)):
            raise ValueError("must be text that a file name may hold, without a zero byte")
        return value


def expand(value: str, *, flag: str) -> str:
    """Replace `$NAME` by that environment variable.

    Raises:
        ValueError: If the variable is not set.
    """
    expanded = os.path.expandvars(value)
    if "$" in expanded:
        raise ValueError(
            f"`{flag}` must name a path, got {shown(repr(value))} with a variable that is not set. "
            f"Set it, or pass {flag} PATH."
        )
    return expanded
