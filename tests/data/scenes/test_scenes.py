import pickle

import numpy as np
import pytest

from udviz.data.dataset import Dataset
from udviz.data.scenes.kinds import COVERED_KINDS, KINDS, PLANK, SCRAP_KINDS
from udviz.data.scenes.layout import MIN_VISIBLE, NO_LABEL, Item, label_mask, settle
from udviz.data.scenes.scenes import BUILT_IN_CAUSES, LABEL_NAMES, scenes
from udviz.data.scenes.shapes import OUTLINES, cover

PLAIN = [name for name in LABEL_NAMES if name not in BUILT_IN_CAUSES]


@pytest.fixture(scope="module")
def full() -> Dataset:
    return scenes()


@pytest.fixture(scope="module")
def few() -> Dataset:
    return scenes(n_train=40, n_val=10, n_test=10)


def labels_of(cause: str) -> list[int]:
    return [LABEL_NAMES.index(name) for name, named in BUILT_IN_CAUSES.items() if named == cause]


def box_area(dataset: Dataset) -> np.ndarray:
    left, top, right, bottom = dataset.boxes.corners.T
    return (right - left) * (bottom - top)


def contrast(dataset: Dataset, label: int) -> float:
    """Mean colour distance between a label's pixels and the unlabelled ones beside them."""
    distances = []
    for image in np.flatnonzero(dataset.targets[:, label] == 1)[:40]:
        pixels, mask = dataset.load(image).astype(float), dataset.load_mask(image)
        box = dataset.boxes.corners[
            (dataset.boxes.image == image) & (dataset.boxes.label == label)
        ][0]
        left, top, right, bottom = (box * 96).round().astype(int)
        window = np.s_[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2]
        own, beside = mask[window] == label, mask[window] == NO_LABEL
        difference = pixels[window][own].mean(0) - pixels[window][beside].mean(0)
        distances.append(np.linalg.norm(difference))
    return float(np.mean(distances))


# --- what is drawn


def test_the_same_seed_draws_the_same_images_and_another_seed_others(few):
    again, other = (
        scenes(n_train=40, n_val=10, n_test=10),
        scenes(seed=1, n_train=40, n_val=10, n_test=10),
    )

    np.testing.assert_array_equal(few.load(7), again.load(7))
    np.testing.assert_array_equal(few.targets, again.targets)
    assert few.fingerprint == again.fingerprint
    assert (few.load(7) != other.load(7)).mean() > 0.5
    assert few.fingerprint != other.fingerprint


def test_an_image_depends_neither_on_the_order_of_access_nor_on_what_was_drawn_before(few):
    forwards = [few.load(i) for i in range(6)]
    backwards = [few.load(i) for i in reversed(range(6))][::-1]

    np.testing.assert_array_equal(forwards, backwards)


def test_an_image_does_not_depend_on_how_many_others_there_are(few):
    more = scenes(n_train=80, n_val=20, n_test=30)

    for image_id in ("train-00039", "val-00003", "test-00009"):
        i, j = few.image_ids.index(image_id), more.image_ids.index(image_id)
        np.testing.assert_array_equal(few.load(i), more.load(j))
        np.testing.assert_array_equal(few.load_mask(i), more.load_mask(j))
        np.testing.assert_array_equal(few.true_targets[i], more.true_targets[j])


def test_another_process_can_draw_the_images(few):
    load, load_mask = pickle.loads(pickle.dumps((few.load, few.load_mask)))

    np.testing.assert_array_equal(load(3), few.load(3))
    np.testing.assert_array_equal(load_mask(3), few.load_mask(3))


@pytest.mark.parametrize("side_px", [64, 96, 128])
def test_images_have_the_side_asked_for(side_px):
    dataset = scenes(n_train=2, n_val=0, n_test=0, side_px=side_px)

    assert dataset.load(0).shape == (side_px, side_px, 3)
    assert dataset.load(0).dtype == np.uint8
    assert dataset.load_mask(0).shape == (side_px, side_px)
    assert dataset.load_mask(0).dtype == np.int16


def test_splits_have_the_sizes_asked_for_and_ids_are_unique(full):
    assert [len(full.indices(split)) for split in ("train", "val", "test")] == [2400, 600, 1200]
    assert len(set(full.image_ids)) == 4200


def test_every_image_shows_one_to_five_objects_inside_the_frame(full):
    per_image = np.bincount(full.boxes.image, minlength=4200)

    assert per_image.min() == 1
    assert per_image.max() == 5
    assert full.boxes.corners.min() >= 0
    assert full.boxes.corners.max() <= 1
    assert (box_area(full) > 0).all()


def test_no_label_depends_on_left_and_right():
    for kind in KINDS:
        patch = cover(OUTLINES[kind.outline], centre=(50, 50), radius=40, angle=0.0, side_px=100)
        solid = np.zeros((100, 100), bool)
        solid[patch.window] = patch.solid
        overlaps = []
        for turn in np.linspace(0, 2 * np.pi, 73):
            turned = cover(
                OUTLINES[kind.outline], centre=(50, 50), radius=40, angle=turn, side_px=100
            )
            other = np.zeros((100, 100), bool)
            other[turned.window] = turned.solid
            mirrored = other[:, ::-1]
            overlaps.append((solid & mirrored).sum() / (solid | mirrored).sum())
        assert max(overlaps) > 0.9, kind.name  # its mirror image is the shape itself, turned


# --- what is annotated


def test_masks_hold_just_the_labels_of_the_image(full):
    for image in range(200):
        present = set(np.unique(full.load_mask(image)).tolist()) - {NO_LABEL}
        assert present == set(np.flatnonzero(full.true_targets[image]).tolist())


def test_boxes_are_the_bounds_of_the_visible_pixels(full):
    for image in range(200):
        mask = full.load_mask(image)
        own = full.boxes.image == image
        for label in np.unique(full.boxes.label[own]):
            corners = full.boxes.corners[own & (full.boxes.label == label)] * 96
            rows, columns = np.nonzero(mask == label)
            bounds = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            union = (*corners[:, :2].min(0), *corners[:, 2:].max(0))
            np.testing.assert_allclose(union, bounds)


def test_visible_fractions_account_for_every_pixel_of_the_mask(full):
    for image in range(200):
        scene = full.load.__self__.layout[image]
        labelled = [item for item in scene.items if item.label != NO_LABEL]
        expected = np.zeros(20)
        for item, visible in zip(
            labelled, full.boxes.visible[full.boxes.image == image], strict=True
        ):
            expected[item.label] += visible * item.cover(96).solid.sum()
        mask = full.load_mask(image)
        np.testing.assert_allclose([(mask == label).sum() for label in range(20)], expected)


def test_half_an_object_is_visible_under_one_that_covers_its_other_half():
    square, disc = (KINDS[LABEL_NAMES.index(name)] for name in ("blue square", "red disc"))
    side = 0.2 * 2**0.5  # of a square whose corners are 0.2 from its centre
    hidden = Item(disc, 0.4, 0.5, 0.05, 0.0)
    below, above = Item(square, 0.4, 0.5, 0.2, 0.0), Item(square, 0.4 + side / 2, 0.5, 0.2, 0.0)

    scene = settle([hidden, below, above], side_px=100)

    assert scene.items == (below, above)  # what is hidden altogether is taken out
    np.testing.assert_allclose([o.visible for o in scene.objects], [0.5, 1.0], atol=0.03)
    left, top, right, bottom = scene.objects[0].box
    np.testing.assert_allclose([right - left, bottom - top], [side / 2, side], atol=0.015)


def test_later_objects_hide_earlier_ones_in_the_mask():
    first, second = Item(KINDS[0], 0.5, 0.5, 0.2, 0.0), Item(KINDS[1], 0.5, 0.5, 0.1, 0.0)

    mask = label_mask(settle([first, second], side_px=100), side_px=100)

    assert mask[50, 50] == 1
    assert mask[50, 35] == 0
    assert mask[5, 5] == NO_LABEL


def test_what_has_no_label_is_not_in_the_mask():
    scraps = [Item(kind, 0.5, 0.5, 0.2, 0.0) for kind in (PLANK, *SCRAP_KINDS, *COVERED_KINDS)]

    mask = label_mask(settle(scraps, side_px=64), side_px=64)

    assert (mask == NO_LABEL).all()


def test_a_label_is_difficult_where_all_its_objects_are(full):
    expected = np.zeros_like(full.difficult)
    for image, label in np.argwhere(full.true_targets == 1):
        objects = (full.boxes.image == image) & (full.boxes.label == label)
        expected[image, label] = full.boxes.difficult[objects].all()
        if image > 300:
            break

    np.testing.assert_array_equal(full.difficult[:300], expected[:300])
    assert full.difficult[:300].any()


# --- what makes labels hard


def test_ten_of_twenty_labels_are_hard_for_a_known_cause():
    assert len(LABEL_NAMES) == len(set(LABEL_NAMES)) == 20
    assert len(BUILT_IN_CAUSES) == 10
    assert {cause: len(labels_of(cause)) for cause in BUILT_IN_CAUSES.values()} == {
        "confused": 4,
        "small": 1,
        "rare": 1,
        "low contrast": 1,
        "occluded": 1,
        "missing annotations": 2,
    }


def test_labels_are_on_a_tenth_to_a_sixth_of_the_images_but_the_rare_one_on_a_fiftieth(full):
    for split in ("train", "val", "test"):
        prevalence = full.true_targets[full.indices(split)].mean(0)
        (rare,) = labels_of("rare")
        assert 0.01 <= prevalence[rare] <= 0.03
        assert np.delete(prevalence, rare).min() > 0.10
        assert np.delete(prevalence, rare).max() < 0.18


def test_suspect_labels_miss_15_percent_of_their_training_positives_and_nothing_else(full):
    changed = full.targets != full.true_targets
    train = full.splits == "train"

    assert not changed[~train].any()
    assert set(np.flatnonzero(changed.any(0))) == set(labels_of("missing annotations"))
    assert (full.targets <= full.true_targets).all()
    for label in labels_of("missing annotations"):
        share = changed[train, label].sum() / full.true_targets[train, label].sum()
        assert 0.145 <= share <= 0.155


def test_tiny_objects_are_small(full):
    (tiny,) = labels_of("small")
    area, is_tiny = box_area(full), full.boxes.label == tiny

    assert area[is_tiny].max() < 0.008  # of the image
    assert np.median(area[is_tiny]) < np.median(area[~is_tiny]) / 10


def test_occluded_objects_are_mostly_covered_and_plain_ones_are_not(full):
    (occluded,) = labels_of("occluded")
    visible = full.boxes.visible[full.boxes.label == occluded]
    plain = np.isin(full.boxes.label, [LABEL_NAMES.index(name) for name in PLAIN])

    assert visible.min() >= MIN_VISIBLE
    assert visible.max() < 0.5
    assert full.boxes.visible[plain].mean() > 0.95


def test_a_low_contrast_label_is_close_to_the_colour_of_its_background(full):
    (faint,) = labels_of("low contrast")

    faint_contrast = contrast(full, faint)

    plain = [LABEL_NAMES.index(n) for n in PLAIN if KINDS[LABEL_NAMES.index(n)].pattern == "plain"]
    assert 5 < faint_contrast < min(contrast(full, label) for label in plain) / 2


def test_look_alikes_come_in_pairs_of_one_colour_and_almost_one_outline():
    first, second, third, fourth = (KINDS[label] for label in labels_of("confused"))

    for one, other in ((first, second), (third, fourth)):
        patches = [
            cover(OUTLINES[kind.outline], centre=(50, 50), radius=40, angle=0, side_px=100).solid
            for kind in (one, other)
        ]
        areas = [patch.sum() for patch in patches]
        assert one.colour == other.colour
        assert min(areas) / max(areas) > 0.8


def test_enough_positives_stay_that_are_not_difficult(full):
    easy = (full.true_targets == 1) & ~full.difficult

    assert easy[full.indices("test")].sum(0).min() >= 15


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "`seed` must be at least 0, got -1"),
        ({"n_val": -5}, "`n_val` must be at least 0, got -5"),
        ({"side_px": 32}, "`side_px` must be at least 64, got 32"),
    ],
)
def test_sizes_that_cannot_be_drawn_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        scenes(**arguments)


def test_a_set_without_images_is_empty():
    dataset = scenes(n_train=0, n_val=0, n_test=0)

    assert dataset.targets.shape == (0, 20)
    assert len(dataset.boxes.image) == 0
