from dataclasses import replace

import numpy as np
import pytest

from udviz.data.dataset import Boxes, Dataset
from udviz.data.fingerprint import (
    PARTS,
    DataRecord,
    differences,
    fingerprint_parts,
    joined,
    record_of,
)


def with_parts(dataset, *, images=(b"0", b"1"), masks=()):
    parts = fingerprint_parts(dataset, images=images, masks=masks)
    return replace(dataset, parts=parts, fingerprint=joined(parts))


def boxes(**changes):
    values = {
        "image": np.array([0, 1]),
        "label": np.array([0, 2]),
        "corners": np.array([[0.0, 0.1, 0.5, 0.6], [0.2, 0.2, 0.9, 1.0]]),
        "difficult": np.array([False, True]),
        "visible": np.array([1.0, np.nan]),
    }
    return Boxes(**values | changes)


@pytest.fixture
def dataset():
    return with_parts(
        Dataset(
            name="two",
            label_names=("cat", "dog", "owl"),
            image_ids=("a", "b"),
            splits=np.array(["train", "test"]),
            targets=np.array([[1, 0, -1], [0, 1, 1]], np.int8),
            difficult=np.zeros((2, 3), bool),
            load=lambda index: np.zeros((1, 1, 3), np.uint8),
            fingerprint="",
            boxes=boxes(),
        )
    )


CHANGES = {
    "ids": {"image_ids": ("a", "c")},
    "labels": {"label_names": ("cat", "dog", "cow")},
    "splits": {"splits": np.array(["test", "train"])},
    "targets": {"targets": np.array([[1, 0, 0], [0, 1, 1]], np.int8)},
    "difficult": {"difficult": np.eye(2, 3, dtype=bool)},
    "boxes": {"boxes": None},
    "boxes, flag": {"boxes": boxes(difficult=np.array([True, True]))},
    "boxes, label": {"boxes": boxes(label=np.array([0, 1]))},
    "boxes, corner": {"boxes": boxes(corners=np.full((2, 4), 0.5))},
    "boxes, visible": {"boxes": boxes(visible=np.array([0.5, np.nan]))},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_part_that_changed_is_named_and_no_other(dataset, change):
    changed = with_parts(replace(dataset, **CHANGES[change]))

    assert changed.fingerprint != dataset.fingerprint
    assert differences(changed, record_of(dataset)) == [PARTS[change.split(",")[0]]]


@pytest.mark.parametrize("part", ["images", "masks"])
def test_files_that_changed_are_named(dataset, part):
    changed = with_parts(dataset, **{part: (b"0", b"2")})

    assert differences(changed, record_of(dataset)) == [PARTS[part]]


def test_the_same_data_do_not_differ_whatever_their_name_and_types(dataset):
    same = replace(dataset, name="other", targets=dataset.targets.astype(int))

    assert with_parts(same).fingerprint == dataset.fingerprint
    assert differences(with_parts(same), record_of(dataset)) == []


def test_of_a_record_without_parts_only_the_whole_is_compared(dataset):
    assert differences(dataset, DataRecord(fingerprint=dataset.fingerprint)) == []
    assert differences(dataset, DataRecord(fingerprint="x")) == ["images, labels or splits"]
