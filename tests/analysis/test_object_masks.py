import dataclasses

import numpy as np
import pytest

from udviz.analysis.object_masks import object_masks
from udviz.data.dataset import Boxes, Dataset

SIZE = {"height": 4, "width": 4}


@pytest.fixture
def plain():
    return Dataset(
        name="two",
        label_names=("a", "b"),
        image_ids=("i", "j"),
        splits=np.array(["train", "test"]),
        targets=np.array([[1, 1], [0, 1]], dtype=np.int8),
        difficult=np.zeros((2, 2), dtype=bool),
        load=lambda index: np.zeros((4, 4, 3), dtype=np.uint8),
        fingerprint="two",
    )


@pytest.fixture
def boxed(plain):
    corners = [[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0, 1, 1], [0, 0, 1, 0.25]]
    boxes = Boxes(
        image=np.array([0, 0, 1, 0]),
        label=np.array([0, 0, 1, 1]),
        corners=np.array(corners),
        difficult=np.zeros(4, dtype=bool),
        visible=np.ones(4),
    )
    return dataclasses.replace(plain, boxes=boxes)


def masked(dataset, mask):
    return dataclasses.replace(dataset, load_mask=lambda index: mask)


def test_a_label_covers_all_its_boxes_of_the_image_and_none_of_another_image(boxed):
    masks = object_masks(boxed, 0, **SIZE)

    corners = np.zeros((4, 4), dtype=bool)
    corners[:2, :2] = corners[2:, 2:] = True
    assert sorted(masks) == [0, 1]
    np.testing.assert_array_equal(masks[0], corners)
    assert masks[1].sum() == 4


def test_masks_are_preferred_to_boxes(boxed):
    mask = np.full((4, 4), -1)
    mask[3, 1] = 1

    masks = object_masks(masked(boxed, mask), 0, **SIZE)

    assert list(masks) == [1]
    np.testing.assert_array_equal(masks[1], mask == 1)


def test_an_image_without_a_mask_and_a_data_set_without_objects_have_none(plain):
    assert object_masks(masked(plain, None), 0, **SIZE) == {}
    assert object_masks(plain, 0, **SIZE) == {}
