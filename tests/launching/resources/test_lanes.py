"""How many runs go side by side, and with how many threads."""

from dataclasses import replace

import pytest

from udviz.launching.resources.lanes import lanes_of
from udviz.launching.resources.limits import Machine
from udviz.recipe.files import parse_recipe, recipe_path, recipe_values

TWO_CORES = Machine(n_cores=2, memory=16e9, disk=1e12)


def recipe(**sections):
    values = recipe_values(recipe_path("demo"))
    for section, fields in sections.items():
        values[section] = values.get(section, {}) | fields
    return parse_recipe(values, source="test")


def lanes(on=TWO_CORES, **sections):
    found = lanes_of(recipe(**sections), on)
    return found.n, found.threads


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setenv("UDVIZ_GPUS", "")


def test_two_of_the_demos_students_share_a_cpu():
    assert lanes() == (2, 1)
    assert lanes(replace(TWO_CORES, n_cores=8)) == (2, 4)
    assert lanes_of(recipe(), TWO_CORES).cores(TWO_CORES) == 2


def test_threads_that_are_named_are_those_of_each_run():
    assert lanes(replace(TWO_CORES, n_cores=8), hardware={"threads": 8}) == (1, 8)
    assert lanes(hardware={"threads": 1}) == (2, 1)


@pytest.mark.parametrize(
    ("on", "sections"),
    [
        (replace(TWO_CORES, n_cores=1), {}),
        (replace(TWO_CORES, memory=2e9), {}),
        (TWO_CORES, {"data": {"side_px": 224}}),
        (TWO_CORES, {"hardware": {"side_by_side": 1}}),
    ],
    ids=["one core", "little memory", "large images", "asked for"],
)
def test_runs_follow_each_other_where_more_would_not_pay(on, sections):
    assert lanes(on, **sections) == (1, 0)


def test_a_gpu_has_one_run_unless_more_are_asked_for(monkeypatch):
    monkeypatch.setenv("UDVIZ_GPUS", "0")

    assert lanes() == (1, 0)
    assert lanes(hardware={"side_by_side": 2}) == (2, 1)


def test_two_students_with_one_taught_follow_each_other():
    values = recipe_values(recipe_path("demo")) | {"comparisons": []}
    values["students"] = {name: values["students"][name] for name in ("baseline", "kd")}

    assert lanes_of(parse_recipe(values, source="test"), TWO_CORES).n == 1


def test_processes_that_share_every_run_take_no_second_one_beside_it(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")

    assert lanes() == (1, 0)
    with pytest.raises(ValueError, match=r"--hardware\.side_by_side must be 0 or 1"):
        lanes(hardware={"side_by_side": 2})
