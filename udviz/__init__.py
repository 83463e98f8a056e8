"""Which labels are difficult, why, and which did a change help?

`udviz.compare` compares two models from a notebook; it is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from udviz.comparing.notebook import compare

__version__ = "0.1.0"
__all__ = ["__version__", "compare"]


def __getattr__(name: str) -> Any:
    if name != "compare":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("udviz.comparing.notebook"), name)
