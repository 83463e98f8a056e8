import numpy as np
import pytest

from udviz.stats.labels.object_sizes import object_sizes


def corners(*areas):
    return np.array([[0.0, 0.0, area, 1.0] for area in areas])


def test_an_image_counts_by_its_largest_and_its_most_visible_object():
    sizes = object_sizes(
        np.array([0, 0, 1, 2, 2]),
        np.array([1, 1, 1, 1, 0]),
        corners=corners(0.1, 0.3, 0.2, 0.9, 0.5),
        visible=np.array([1.0, 0.2, 0.4, 0.6, np.nan]),
        n_labels=3,
    )

    assert sizes["images"].tolist() == [1, 3, 0]
    np.testing.assert_allclose(sizes["area"], [0.5, 0.3, np.nan])
    np.testing.assert_allclose(sizes["visible"], [np.nan, 0.6, np.nan])


def test_objects_that_do_not_match_are_refused():
    one = np.array([0])

    with pytest.raises(ValueError, match=r"`labels` must lie in \[0, 1\)"):
        object_sizes(one, one + 1, corners=corners(0.1), visible=one * 1.0, n_labels=1)
    with pytest.raises(ValueError, match="`images` and `visible` must have the same shape"):
        object_sizes(one, one, corners=corners(0.1), visible=np.zeros(2), n_labels=1)
