import numpy as np
import pandas as pd
import pytest

from udviz.stats.labels import label_counts as module
from udviz.stats.labels.label_counts import label_counts, labels_per_image

TARGETS = np.array([[1, 0, -1], [1, 1, -1], [0, 0, 1], [1, -1, 0]], np.int8)


def test_a_case_worked_by_hand():
    table = label_counts(TARGETS, label_names=["cat", "dog", "owl"])

    assert table.set_index("label").to_dict("index") == {
        "cat": {"positives": 3, "absent": 1, "unknown": 0},
        "dog": {"positives": 1, "absent": 2, "unknown": 1},
        "owl": {"positives": 1, "absent": 1, "unknown": 2},
    }


def test_counts_are_those_of_pandas_also_over_several_blocks(rng, monkeypatch):
    targets = rng.integers(-1, 2, (50, 4)).astype(np.int8)
    monkeypatch.setattr(module, "_ROWS", 7)

    table = label_counts(targets, label_names=list("abcd"))

    for column, name in enumerate("abcd"):
        expected = pd.Series(targets[:, column]).value_counts()
        row = table[table["label"] == name].iloc[0]
        assert [row["positives"], row["absent"], row["unknown"]] == [
            expected.get(value, 0) for value in (1, 0, -1)
        ]


def test_labels_per_image_of_a_case_worked_by_hand():
    table = labels_per_image(TARGETS)

    assert table["labels"].tolist() == [0, 1, 2]
    assert table["images"].tolist() == [0, 3, 1]
    assert table["share"].tolist() == [0, 0.75, 0.25]


def test_shares_sum_to_one_and_labels_to_the_positives(rng):
    targets = rng.integers(-1, 2, (80, 6)).astype(np.int8)

    table = labels_per_image(targets)

    assert table["share"].sum() == pytest.approx(1)
    assert (table["labels"] * table["images"]).sum() == (targets == 1).sum()


def test_no_images_have_no_shares():
    table = labels_per_image(np.zeros((0, 3), np.int8))

    assert table["images"].tolist() == [0]
    assert table["share"].isna().all()


def test_a_target_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"`targets` must be 1 \(present\)"):
        label_counts(np.array([[2]]), label_names=["cat"])


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`label_names` must name 3 labels, got 1"):
        label_counts(TARGETS, label_names=["cat"])
