"""Which labels are difficult, why, and which did a change help?

`udviz.compare` compares two models from a notebook, and `udviz.show` opens the app beside it; both
are imported when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from udviz.comparing.notebook import compare
    from udviz.showing import show

__version__ = "0.1.0"
__all__ = ["__version__", "compare", "show"]
_HOMES = {"compare": "udviz.comparing.notebook", "show": "udviz.showing"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
