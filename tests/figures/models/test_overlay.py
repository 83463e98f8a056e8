import numpy as np
import pytest
from plotly.colors import sample_colorscale, unlabel_rgb

from udviz.figures.models.overlay import Scale, colour_bar, colours_of, outline, overlay
from udviz.figures.style.theme import EVIDENCE_SCALE, MAP_SCALE, between, model_styles

STYLES = model_styles(["teacher", "distilled"])


def scale(colours=("#000000", "#FF8000"), low=0.0, high=2.0, unit="nats"):
    return Scale(colours=colours, low=low, high=high, unit=unit)


def test_colours_of_a_case_worked_by_hand():
    colours = colours_of(np.array([[0.0, 1.0, 2.0, 5.0, -5.0]]), scale())

    np.testing.assert_allclose(
        colours[0], [[0, 0, 0], [127.5, 64, 0], [255, 128, 0], [255, 128, 0], [0, 0, 0]]
    )


@pytest.mark.parametrize("colours", [MAP_SCALE, EVIDENCE_SCALE])
def test_colours_agree_with_plotly(colours, rng):
    values = rng.random((3, 3))

    ours = colours_of(values, scale(colours, 0.0, 1.0))

    expected = sample_colorscale(list(colours), values.ravel().tolist())
    np.testing.assert_allclose(ours.reshape(-1, 3), [unlabel_rgb(c) for c in expected], atol=1.01)


def test_a_difference_has_the_colours_of_its_models():
    colours = between(STYLES["distilled"], STYLES["teacher"])

    assert colours[0] == STYLES["distilled"].colour
    assert colours[-1] == STYLES["teacher"].colour


def test_a_scale_of_no_width_has_one_colour():
    colours = colours_of(np.full((2, 2), 3.0), scale(low=3.0, high=3.0))

    np.testing.assert_allclose(colours, np.broadcast_to([127.5, 64, 0], (2, 2, 3)))


def test_opacity_goes_from_the_image_to_the_map(rng):
    image = rng.integers(0, 256, (4, 6, 3)).astype(np.uint8)
    values = np.full((2, 2), 2.0)

    none, half, full = (overlay(image, values, scale(), opacity=o) for o in (0.0, 0.5, 1.0))

    np.testing.assert_array_equal(none, image)
    np.testing.assert_array_equal(full, np.broadcast_to([255, 128, 0], image.shape))
    np.testing.assert_array_equal(half, np.rint((image + np.array([255, 128, 0])) / 2))
    assert half.dtype == np.uint8


def test_a_map_lies_where_it_belongs():
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    values = np.array([[0.0, 2.0], [0.0, 0.0]])

    drawn = overlay(image, values, scale(), opacity=1.0)

    assert drawn[0, -1].tolist() == [255, 128, 0]
    assert not drawn[-1].any()
    assert not drawn[:, 0].any()


def test_an_outline_is_white_inside_and_black_outside_and_leaves_the_rest():
    image = np.full((9, 9, 3), 100, dtype=np.uint8)
    mask = np.zeros((9, 9), dtype=bool)
    mask[1:8, 1:8] = True

    drawn = outline(image, mask)

    assert drawn[1, 4].tolist() == [255, 255, 255]
    assert drawn[0, 4].tolist() == [0, 0, 0]
    assert drawn[4, 4].tolist() == [100, 100, 100]
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert (image == 100).all()


def test_an_object_that_fills_the_image_has_no_outline_at_the_edge():
    image = np.full((5, 5, 3), 100, dtype=np.uint8)

    np.testing.assert_array_equal(outline(image, np.ones((5, 5), dtype=bool)), image)


def test_the_bar_says_its_ends_its_unit_and_its_colours():
    bar = colour_bar(scale(low=-1.5, high=0.00254, unit='a < "b"'))

    assert "<span>−1.5</span>" in bar
    assert "<span>0.0025</span>" in bar
    assert "#000000, #FF8000" in bar
    assert 'aria-label="Colours from −1.5 to 0.0025: a &lt; &quot;b&quot;"' in bar
