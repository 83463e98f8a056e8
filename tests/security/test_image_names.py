"""Names of images in every kind of label file: none leads out of the images folder."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.attacks import FEW, told, watched
from tests.security.datasets import KINDS, write_dataset
from udviz.data.images.files import path_inside
from udviz.data.problems import DataProblems
from udviz.data.source import load_dataset

NAMES = [
    "../../outside/secret",
    "x/../../../outside/secret",
    "{outside}/secret",
    "//{outside}/secret",
    "./../../outside/secret",
    "a/../../../outside/secret",
    "~/secret",
    "$HOME/secret",
    "file://{outside}/secret",
    "..\\..\\outside\\secret",
    "%2e%2e/%2e%2e/outside/secret",
    "|cat",
    "`id`",
    "x" * 5_000,
    "/".join("d" * 2_000),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:24])
def test_a_name_that_leads_elsewhere_is_a_problem_of_its_row(tmp_path, outside, kind, name):
    hostile = name.format(outside=outside.folder)
    config = write_dataset(tmp_path / "data", kind, names=(hostile, "b", "c"))

    with pytest.raises(DataProblems, match=r"outside the images folder|missing|unreadable"):
        watched(lambda: load_dataset(config))


@pytest.mark.parametrize("kind", ["coco", "jsonl"])
@pytest.mark.parametrize("name", ["a\0", "\ud800"])
def test_a_name_that_no_file_can_have_is_a_problem_of_its_row(tmp_path, kind, name):
    config = write_dataset(tmp_path, kind, names=(name, "b", "c"))

    with pytest.raises(DataProblems, match="outside the images folder"):
        watched(lambda: load_dataset(config))


@FEW
@given(
    parts=st.lists(
        st.sampled_from(["..", ".", "", "a", "link", "loop", "~", "\0", "\ud800"]) | st.text("./a"),
        min_size=1,
        max_size=6,
    )
)
def test_no_name_at_all_is_found_outside(tmp_path_factory, parts):
    root = tmp_path_factory.mktemp("root") / "in"
    root.mkdir()
    os.symlink(root.parent, root / "link")
    os.symlink(root / "loop", root / "loop")

    path = told(lambda: path_inside(root, "/".join(parts)))

    assert path is None or path.is_relative_to(root)
