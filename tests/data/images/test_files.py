import os

import pytest

from udviz.data.images.files import path_inside
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog


@pytest.fixture
def root(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    for place in ("in/a", "in/deep/b", "out/c", "in2"):
        (tmp_path / place).write_text("")
    os.symlink(tmp_path / "out", tmp_path / "in" / "folder link")
    os.symlink(tmp_path / "out" / "c", tmp_path / "in" / "link")
    os.symlink(tmp_path / "in" / "a", tmp_path / "in" / "link inside")
    return tmp_path / "in"


HERE = ["a", "deep/b", "./a", "link inside", "deep//b"]
INSIDE = [*HERE, "not there", "..a"]
OUTSIDE = [
    *(
        "",
        "..",
        ".",
        "deep/..",
        "deep/../a",
        "deep/../..",
        "../in2",
        "../out/c",
        "deep/../../out/c",
        "a/",
    ),
    *("/etc/passwd", "link", "folder link/c", "folder link/../in/a/../../in2", "a\0.jpg"),
]


@pytest.mark.parametrize("name", INSIDE)
def test_a_name_that_stays_inside_is_found(root, name):
    assert path_inside(root, name) == (root / name).resolve()


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leaves_the_folder_is_not(root, name):
    assert path_inside(root, name) is None


def test_a_folder_that_is_a_link_itself_is_followed(root, tmp_path):
    os.symlink(root, tmp_path / "data")

    assert path_inside(tmp_path / "data", "a") == root / "a"


def test_many_names_are_judged_like_one(root):
    log = ProblemLog()

    outside = [name for name in OUTSIDE if name != "a/"]  # which can only mean a
    paths = locate(root, HERE + outside, log, first_row=10)

    assert paths[: len(HERE)] == [path_inside(root, name) for name in HERE]
    assert paths[len(HERE) :] == [None] * len(outside)
    assert log.bad_rows == set(range(10 + len(HERE), 10 + len(HERE) + len(outside)))
