"""The examples in the docstrings of what `udviz.stats` offers are true."""

import ast
import doctest
import inspect

import numpy as np
import pytest

import udviz
from udviz import stats

OFFERED = {name: getattr(stats, name) for name in stats.__all__} | {"compare": udviz.compare}


@pytest.mark.parametrize("name", OFFERED)
def test_an_example_prints_what_it_says(name):
    (example,) = doctest.DocTestFinder(recurse=False).find(
        OFFERED[name], name, globs={"np": np, **OFFERED}
    )
    told: list[str] = []

    results = doctest.DocTestRunner().run(example, out=told.append)

    assert results.attempted > 0, "there is no example"
    assert results.failed == 0, "".join(told)


def test_type_checkers_see_the_same_names_at_the_same_places():
    tree = ast.parse(inspect.getsource(stats))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}

    for name in stats.__all__:
        assert seen[name] == OFFERED[name].__module__


def test_a_name_that_is_not_offered_is_refused():
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        exec("from udviz.stats import nonsense")
