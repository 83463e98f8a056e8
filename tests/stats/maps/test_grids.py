import numpy as np
import pytest
import torch

from udviz.stats.maps.grids import box_masks, label_masks, resize_maps


@pytest.mark.parametrize(("height", "width"), [(9, 14), (7, 5), (3, 4), (1, 1)])
def test_maps_are_resized_as_torch_does_between_cell_centres(rng, height, width):
    maps = rng.random((3, 3, 4))

    resized = resize_maps(maps, height=height, width=width)

    expected = torch.nn.functional.interpolate(
        torch.tensor(maps)[None], size=(height, width), mode="bilinear", align_corners=False
    )[0]
    np.testing.assert_allclose(resized, expected, atol=1e-12)


def test_a_box_covers_the_cells_whose_centres_it_holds():
    mask = box_masks(np.array([[0.25, 0.0, 0.75, 0.5]]), height=4, width=4)

    expected = [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(mask[0], np.array(expected, dtype=bool))


@pytest.mark.parametrize("corner", [0.0, 0.3, 0.99, 1.0])
def test_a_box_smaller_than_a_cell_still_covers_one(corner):
    mask = box_masks(np.array([[corner] * 4]), height=3, width=5)

    assert mask.sum() == 1
    assert mask[0, min(int(3 * corner), 2), min(int(5 * corner), 4)]


def test_a_label_mask_is_cut_by_the_nearest_pixel():
    mask = np.array([[0, 0, 1, 1], [-1, 0, 1, 2]], dtype=np.int16)

    cut = label_masks(mask, [0, 2], height=4, width=4)

    np.testing.assert_array_equal(cut[0], np.repeat(mask == 0, 2, axis=0))
    np.testing.assert_array_equal(cut[1], np.repeat(mask == 2, 2, axis=0))


def test_grids_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"`corners` must have shape \(M, 4\)"):
        box_masks(np.zeros((2, 3)), height=4, width=4)
    with pytest.raises(ValueError, match="`corners` must be left, top, right, bottom as fractions"):
        box_masks(np.array([[10.0, 10.0, 40.0, 40.0]]), height=4, width=4)
    with pytest.raises(ValueError, match=r"`mask` must have shape \(H, W\)"):
        label_masks(np.zeros(3), [0], height=2, width=2)
    with pytest.raises(ValueError, match="`width` must be at least 1"):
        resize_maps(np.zeros((1, 2, 2)), height=2, width=0)
