import numpy as np
import pytest

from udviz.analysis.summary import p_in_words
from udviz.analysis.tables.contents import contents
from udviz.data.dataset import Dataset, Problem


def data_set(**changes):
    targets = np.array([[1, 0], [1, -1], [0, 0], [1, 1], [0, 1]], np.int8)
    parts = {
        "name": "drawn",
        "label_names": ("cat", "dog"),
        "image_ids": tuple("abcde"),
        "splits": np.array(["train", "test", "train", "val", "train"]),
        "targets": targets,
        "difficult": np.zeros(targets.shape, dtype=bool),
        "load": lambda index: np.zeros((1, 1, 3), np.uint8),
        "fingerprint": "f",
    }
    return Dataset(**(parts | changes))


def test_every_split_is_counted_on_its_own_images():
    counts = contents(data_set())["label_counts"].set_index(["split", "label"])

    assert counts.loc[("train", "cat")].tolist() == [1, 2, 0]
    assert counts.loc[("train", "dog")].tolist() == [1, 2, 0]
    assert counts.loc[("test", "dog")].tolist() == [0, 0, 1]
    assert counts.loc[("val", "cat")].tolist() == [1, 0, 0]


def test_the_labels_of_an_image_are_counted_per_split():
    carried = contents(data_set())["labels_per_image"]

    of_train = carried[carried["split"] == "train"]
    assert of_train["images"].tolist() == [1, 2]
    assert carried.groupby("split")["images"].sum().to_dict() == {"train": 3, "val": 1, "test": 1}


def test_what_the_reader_reported_is_kept_with_its_examples():
    problem = Problem(kind="missing file", count=7, examples=("a.jpg", "b.jpg"), fatal=True)

    (row,) = contents(data_set(problems=(problem,)))["problems"].to_dict("records")

    assert row == {
        **{"kind": "missing file", "count": 7, "fatal": True, "examples": "a.jpg\nb.jpg"}
    }


def test_a_reader_that_reported_nothing_leaves_an_empty_table_with_its_columns():
    problems = contents(data_set())["problems"]

    assert problems.empty
    assert list(problems) == ["kind", "count", "fatal", "examples"]


@pytest.mark.parametrize(
    ("p", "told"), [(0.0, "p < 0.001"), (0.001, "p = 0.001"), (0.5, "p = 0.500")]
)
def test_a_p_is_never_said_to_be_0(p, told):
    assert p_in_words(p) == told
