from dataclasses import replace

import numpy as np
import pytest

from udviz.data.plausibility import check_plausible
from udviz.data.scenes.scenes import scenes


@pytest.fixture(scope="module")
def sound():
    return scenes(seed=0, n_train=40, n_val=10, n_test=10, side_px=64)


def named(dataset, *names):
    """The data set with the first labels, under other names."""
    n = len(names)
    return replace(
        dataset,
        label_names=names,
        targets=dataset.targets[:, :n],
        difficult=dataset.difficult[:, :n],
        true_targets=None,
    )


def with_targets(dataset, change):
    targets = dataset.targets.copy()
    change(targets)
    return replace(dataset, targets=targets)


def test_the_scenes_are_plausible(sound):
    check_plausible(sound)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("cat", "Cat", "dog"), r"differ only by case, spaces or punctuation: \['cat', 'Cat'\]"),
        (("cat", " cat", "dog"), r"differ only by case"),
        (("traffic-light", "traffic light", "dog"), r"differ only by case"),
    ],
)
def test_label_names_that_no_one_would_give_are_refused_with_the_flag(sound, names, message):
    with pytest.raises(ValueError, match=message):
        check_plausible(named(sound, *names))


@pytest.mark.parametrize(
    "names", [("cat", "dog"), ("traffic light", "stop sign"), ("Boston, MA", "Paris, FR")]
)
def test_usual_label_names_are_not(sound, names):
    check_plausible(named(sound, *names))


def test_plus_and_minus_one_are_told_by_a_lack_of_zeros(sound):
    def change(targets):
        targets[targets == 0] = -1

    with pytest.raises(ValueError, match=r"--data\.minus_one_means absent"):
        check_plausible(with_targets(sound, change))


def test_a_label_that_is_absent_from_no_image_is_named(sound):
    def change(targets):
        targets[:, 0] = 1

    name = sound.label_names[0]
    with pytest.raises(
        ValueError, match=rf"absent from no image, such as '{name}'.*ignore_columns"
    ):
        check_plausible(with_targets(sound, change))


def test_a_set_without_any_present_label_is_refused(sound):
    with pytest.raises(ValueError, match="No label is present in any image"):
        check_plausible(with_targets(sound, lambda targets: np.minimum(targets, 0, out=targets)))
