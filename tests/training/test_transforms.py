import pytest
import torch
from torchvision.transforms import functional

from tests.training.tiny import UNCHANGED
from udviz.recipe.schema import AugmentConfig
from udviz.training.transforms import (
    MEAN,
    STD,
    Augmentation,
    augment,
    draw_augmentation,
    normalise,
)

KEEP = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
MIRROR = [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
TOP_LEFT = [[0.5, 0.0, -0.5], [0.0, 0.5, -0.5]]  # a crop of half the side
NOTHING = [0.0, 0.0, 0.0, 0.0]


def change(affine=KEEP, erased=NOTHING, n_images=1):
    return Augmentation(
        affine=torch.tensor([affine] * n_images), erased=torch.tensor([erased] * n_images)
    )


@pytest.fixture
def pixels(rng):
    return torch.from_numpy(rng.integers(0, 256, (2, 6, 4, 3), dtype="uint8"))


@pytest.fixture
def images(rng):
    return torch.from_numpy(rng.normal(size=(2, 3, 8, 8)).astype("float32"))


def test_normalising_agrees_with_torchvision(pixels):
    expected = functional.normalize(pixels.permute(0, 3, 1, 2) / 255, MEAN, STD)

    torch.testing.assert_close(normalise(pixels), expected)


def test_normalised_images_are_stored_channels_last(pixels):
    assert normalise(pixels).is_contiguous(memory_format=torch.channels_last)


def test_no_change_keeps_the_pixels(images):
    torch.testing.assert_close(augment(images, change(n_images=2)), images)


def test_a_flip_mirrors_left_and_right(images):
    torch.testing.assert_close(augment(images, change(MIRROR, n_images=2)), images.flip(3))


def test_a_crop_of_half_the_side_magnifies_twofold():
    image = torch.zeros(1, 3, 8, 8)
    image[:, :, :4, :4] = (
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat_interleave(2, 0).repeat_interleave(2, 1)
    )

    cropped = augment(image, change(TOP_LEFT))[0, 0]

    # Each 2 x 2 block of the corner now spans 4 x 4; its middle is untouched by interpolation.
    torch.testing.assert_close(
        cropped[[[1, 1], [6, 6]], [[1, 6], [1, 6]]], torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    )


def test_a_crop_interpolates_between_pixels():
    row = torch.arange(8.0).expand(1, 3, 8, 8)  # value = column

    cropped = augment(row, change(TOP_LEFT))[0, 0, 4]

    # Output pixel i has its centre at (i + 1/2) / 2 - 1/2 of the input; beyond the edge lies the
    # edge pixel's mirror image.
    expected = torch.tensor([0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25])
    torch.testing.assert_close(cropped, expected)


def test_the_erased_rectangle_is_the_mean_colour():
    image = torch.ones(1, 3, 4, 4)

    erased = augment(image, change(erased=[0.25, 0.5, 1.0, 1.0]))[0, 0]

    torch.testing.assert_close(
        erased,
        torch.tensor(
            [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
        ),
    )
    black = torch.tensor([round(255 * value) for value in MEAN], dtype=torch.uint8)
    assert normalise(black.view(1, 1, 1, 3)).abs().max() < 0.01  # 0 is the mean


def test_the_rectangle_is_erased_where_it_is_said_after_the_flip():
    image = torch.ones(1, 3, 4, 4)

    erased = augment(image, change(MIRROR, erased=[0.0, 0.0, 0.25, 1.0]))

    assert (erased[..., 0] == 0).all()
    assert (erased[..., 1:] == 1).all()


def test_one_seed_draws_one_augmentation():
    first, again, other = (draw_augmentation(9, AugmentConfig(), seed=s) for s in (5, 5, 6))

    assert torch.equal(first.affine, again.affine)
    assert torch.equal(first.erased, again.erased)
    assert not torch.equal(first.affine, other.affine)


def test_rows_of_a_batch_are_changed_as_in_the_whole(images):
    drawn = draw_augmentation(2, AugmentConfig(), seed=1)

    whole = augment(images, drawn)
    parts = [augment(images[i : i + 1], drawn.rows(i, i + 1)) for i in range(2)]

    assert torch.equal(torch.cat(parts), whole)


def test_what_is_switched_off_does_not_happen(images):
    drawn = draw_augmentation(2, UNCHANGED, seed=0)

    torch.testing.assert_close(augment(images, drawn), images)


def test_drawn_changes_have_the_stated_distribution():
    drawn = draw_augmentation(20_000, AugmentConfig(), seed=0)
    x, y = drawn.affine[:, 0, 0], drawn.affine[:, 1, 1]
    left, top, right, bottom = drawn.erased.unbind(1)
    area = (right - left) * (bottom - top)

    assert (x < 0).float().mean() == pytest.approx(0.5, abs=0.02)
    assert (area > 0).float().mean() == pytest.approx(0.5, abs=0.02)
    assert torch.unique(y).tolist() == pytest.approx([0.5, 0.66, 0.75, 0.875, 1.0])
    assert (x.abs() / y).max() < 1.34  # at most one step apart
    assert area[area > 0].min() > 0.019
    assert area.max() < 0.331
    corners = drawn.affine[:, :, 2].abs() + torch.stack([x.abs(), y], 1)
    assert corners.max() <= 1 + 1e-6, "crops lie inside the image"
    assert drawn.erased.min() >= 0
    assert drawn.erased.max() <= 1 + 1e-6


def test_no_crop_is_smaller_than_asked():
    drawn = draw_augmentation(1000, AugmentConfig(smallest_crop=0.7), seed=0)

    assert drawn.affine[:, 1, 1].min() == 0.75
