import pickle

import numpy as np
import pytest
from PIL import Image

from udviz.data.images.decoding import ImageError
from udviz.data.images.masks import mask_folder, read_label_values
from udviz.data.readers.table import read_table


@pytest.fixture
def masked(labelled):
    (labelled / "masks").mkdir()
    values = np.array([[0, 3], [7, 300]], dtype=np.uint16)
    Image.fromarray(values).save(labelled / "masks" / "a.png")
    (labelled / "mask_labels.csv").write_text("value,label\n0,null\n3,dog\n7,skin\n300,cat\n")
    return labelled


def test_a_mask_tells_the_label_of_every_pixel(masked):
    dataset = read_table(
        masked / "labels.csv",
        images=masked / "photos",
        masks=masked / "masks",
        mask_labels=masked / "mask_labels.csv",
    )

    mask = dataset.load_mask(0)

    assert dataset.label_names == ("cat", "dog")
    np.testing.assert_array_equal(mask, [[-1, 1], [-1, 0]])
    assert mask.dtype == np.int16
    assert dataset.load_mask(1) is None


def test_masks_reach_a_worker(masked):
    table = read_label_values(masked / "mask_labels.csv", ("cat", "dog"))
    masks = mask_folder(masked / "masks", ["a.jpg"], label_of_value=table)

    np.testing.assert_array_equal(pickle.loads(pickle.dumps(masks))(0), [[-1, 1], [-1, 0]])


def test_a_mask_with_a_palette_is_read_by_value_and_not_by_colour(masked):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 255, 255] * 8)
    image.putpixel((1, 0), 3)
    image.save(masked / "masks" / "b.png")
    table = read_label_values(masked / "mask_labels.csv", ("cat", "dog"))

    np.testing.assert_array_equal(
        mask_folder(masked / "masks", ["b.jpg"], label_of_value=table)(0), [[-1, 1]]
    )


def test_null_is_no_label_even_if_a_label_has_that_name(masked):
    assert read_label_values(masked / "mask_labels.csv", ("null", "cat"))[0] == -1


def test_a_mask_outside_its_folder_is_not_looked_for(masked):
    table = read_label_values(masked / "mask_labels.csv", ("cat",))
    Image.new("L", (1, 1)).save(masked / "out.png")

    assert mask_folder(masked / "masks", ["../out.jpg"], label_of_value=table).paths == (None,)


def test_a_colour_picture_and_a_broken_file_are_refused_as_masks(masked):
    table = read_label_values(masked / "mask_labels.csv", ("cat",))
    Image.new("RGB", (2, 2)).save(masked / "masks" / "b.png")
    (masked / "masks" / "c.png").write_text("hello")
    masks = mask_folder(masked / "masks", ["b.jpg", "c.jpg"], label_of_value=table)

    with pytest.raises(ImageError, match=r"b\.png: a mask must hold one value"):
        masks(0)
    with pytest.raises(ImageError, match=r"c\.png: the mask cannot be decoded"):
        masks(1)


@pytest.mark.parametrize("value", ["-1", "65536", "1.5", "x", ""])
def test_values_that_no_mask_can_hold_are_refused(masked, value):
    (masked / "mask_labels.csv").write_text(f"value,label\n{value},cat\n")

    with pytest.raises(ValueError, match=r"whole numbers in \[0, 65535\]"):
        read_label_values(masked / "mask_labels.csv", ("cat",))
    (masked / "mask_labels.csv").write_text("number,label\n1,cat\n")
    with pytest.raises(ValueError, match=r"--data\.mask_labels: must name columns of the table"):
        read_label_values(masked / "mask_labels.csv", ("cat",))
