import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.data.images.finder import ImageFinder, locate
from udviz.data.problems import ProblemLog

FILES = ("a.jpg", "deep/b.JPG", "deep/er/c.png", "twice/d.jpg", "other/d.jpg", "Ünï code.jpeg")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    top = tmp_path_factory.mktemp("finder")
    for name in FILES:
        path = top / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (top / "secret.jpg").touch()
    (top / "in" / "out").symlink_to(top)
    (top / "in" / ".hidden").mkdir()
    (top / "in" / ".hidden" / "e.jpg").touch()
    return top / "in"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a.jpg", "a.jpg"),
        ("A.JPG", "a.jpg"),
        ("a", "a.jpg"),
        ("a.png", "a.jpg"),
        ("b.jpg", "deep/b.JPG"),
        ("deep\\b.jpg", "deep/b.JPG"),
        ("images/deep/b.jpg", "deep/b.JPG"),
        (r"C:\Users\me\deep\er\c.png", "deep/er/c.png"),
        ("/home/me/a.jpg", "a.jpg"),
        ("https://host/bucket/er/c.png?size=1", "deep/er/c.png"),
        ("file:///elsewhere/a.jpg", "a.jpg"),
        ("./other/d.jpg", "other/d.jpg"),
        ("ünï CODE.jpeg", "Ünï code.jpeg"),
    ],
)
def test_one_file_is_found_by_the_ways_to_write_its_name(root, name, file):
    assert ImageFinder(root).find(name) == [file]


def test_several_files_are_named_and_none_is_chosen(root):
    log = ProblemLog()

    assert locate(root, ["d.jpg"], log) == [None]
    assert log.problems()[0].kind == "image name that fits several files"
    assert "other/d.jpg, twice/d.jpg" in log.problems()[0].examples[0]


def test_a_name_without_a_file_is_told_with_the_nearest(root):
    log = ProblemLog()

    assert locate(root, ["cc.png"], log) == [None]
    assert log.problems()[0].examples == ("cc.png (nearest: c.png)",)


def test_names_that_are_written_otherwise_are_said_once(root):
    log = ProblemLog()

    locate(root, ["A.jpg", "B.jpg", "a.jpg"], log)

    (guess,) = log.guesses
    assert guess.what.startswith("2 names of images are not written like their files")


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "out/secret.jpg", "secret.jpg", "secret", "e.jpg", "deep/../a.jpg"]
)
def test_nothing_outside_the_folder_is_found_or_named(root, name):
    assert ImageFinder(root).find(name) == []
    assert "secret" not in ImageFinder(root).nearest(name)


@settings(deadline=None)  # the first example walks the folder
@given(name=st.text("a./\\:?#~ücdJPGjpngfileshttp0\0", max_size=30))
def test_any_name_means_files_inside_or_none(root, name):
    found = ImageFinder(root).find(name)

    assert set(found) <= set(FILES)
