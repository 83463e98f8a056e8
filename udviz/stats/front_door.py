"""The statistics as a notebook calls them: with lists, data frames, tensors or arrays."""

import functools
import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from udviz.given import (
    Given,
    as_scores,
    as_targets,
    check_one_order,
    in_order_of,
    names_of,
    runs_of,
)

ONE = ("scores", "logits", "probs")
LOGITS = ("logits", "models")
SEVERAL = ("before_scores", "after_scores", "models")  # one run, or one for each seed or model


def for_notebooks(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` for anything that holds numbers (`udviz.given`).

    The names of the columns of data frames become ``label_names``, and the column ``label`` of a
    table that has none. A function that takes no targets stays as it is.
    """
    signature = inspect.signature(function)
    if "targets" not in signature.parameters:
        return function

    @functools.wraps(function)
    def called(*args: Any, **named: Any) -> Any:
        given = dict(signature.bind_partial(*args, **named).arguments)
        if "targets" not in given:
            return function(*args, **named)  # which says what is missing
        targets = as_targets(given["targets"])
        met = [targets]
        for name in (*ONE, *SEVERAL):
            if name in given:
                runs = _scores(given[name], name, targets)
                given[name] = runs[0].values if name in ONE else [run.values for run in runs]
                met += runs
        given["targets"] = targets.values
        check_one_order(met)
        names = names_of(*met)
        if names and "label_names" in signature.parameters:
            given.setdefault("label_names", names)
        return _with_names(function(**given), names)

    return called


def _scores(value: Any, name: str, targets: Given) -> list[Given]:
    runs = runs_of(value, targets) if name in SEVERAL else [value]
    logits = name in LOGITS
    given = (as_scores(run, name=name, say=_warn, logits=logits) for run in runs)
    return [in_order_of(targets, scores, name=name) for scores in given]


def _with_names(result: Any, names: list[str] | None) -> Any:
    table = getattr(result, "table", None)
    if not names or table is None or len(table) != len(names) or "label" in table:
        return result
    named = table.copy()
    named.insert(0, "label", names)
    return replace(result, table=named)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, UserWarning, stacklevel=5)
