import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.stats.maps.localisation import localisation_table, localise


def one_cell(row, column, size=4):
    mask = np.zeros((1, size, size), dtype=bool)
    mask[0, row, column] = True
    return mask


def test_scores_of_a_case_worked_by_hand():
    maps = np.array([[[4.0, 1.0], [-9.0, 0.0]]])
    masks = np.array([[[True, False], [True, False]]])

    scores = localise(maps, masks)

    np.testing.assert_allclose(scores.hit, [1.0])
    np.testing.assert_allclose(scores.energy, [4 / 5])  # the negative part counts as zero
    np.testing.assert_allclose(scores.area, [1 / 2])
    np.testing.assert_allclose(scores.energy_centre, [1 / 2])


@pytest.mark.parametrize(("row", "column"), [(0, 3), (3, 0), (2, 1)])
def test_a_map_that_is_the_object_hits_it_with_all_its_energy_and_no_other_does(row, column):
    mask = one_cell(row, column)

    found = localise(mask.astype(float), mask)
    missed = localise(mask[:, ::-1, ::-1].astype(float), mask)

    assert (found.hit[0], found.energy[0]) == (1.0, 1.0)
    assert (missed.hit[0], missed.energy[0]) == (0.0, 0.0)


def test_a_flat_map_scores_the_share_of_the_area(rng):
    masks = rng.random((20, 6, 5)) < 0.3

    scores = localise(np.full((20, 2, 3), 0.7), masks)

    np.testing.assert_allclose(scores.hit, scores.area)
    np.testing.assert_allclose(scores.energy, scores.area)


def test_the_centre_biased_level_is_high_in_the_middle_and_low_in_a_corner():
    middle = np.zeros((1, 8, 8), dtype=bool)
    middle[0, 2:6, 2:6] = True

    inner, outer = localise(np.ones((1, 8, 8)), middle), localise(np.ones((1, 8, 8)), ~middle)

    assert (inner.hit_centre[0], outer.hit_centre[0]) == (1.0, 0.0)
    # a Gaussian of a quarter's width holds erf(1 / sqrt 2)^2 = 0.466 within one deviation,
    # and erf(2 / sqrt 2)^2 = 0.911 within the image
    np.testing.assert_allclose(inner.energy_centre, 0.466 / 0.911, atol=0.02)
    np.testing.assert_allclose(inner.energy_centre + outer.energy_centre, 1.0)


def test_maps_are_compared_on_the_grid_of_the_masks():
    maps = np.array([[[1.0, 0.0], [0.0, 0.0]]])
    masks = np.zeros((1, 40, 40), dtype=bool)
    masks[0, :20, :20] = True

    scores = localise(maps, masks)

    # linear between the cell centres: 1/4 of the width at 1, half of it falling to 0
    share = (0.25 + 0.1875) / (0.25 + 0.25)
    np.testing.assert_allclose(scores.energy, share**2, atol=1e-3)
    assert scores.hit[0] == 1.0


def test_an_empty_mask_or_a_map_without_a_positive_value_has_no_score():
    maps = np.array([np.ones((2, 2)), -np.ones((2, 2)), np.zeros((2, 2))])
    masks = np.stack([np.zeros((2, 2), bool), np.ones((2, 2), bool), np.ones((2, 2), bool)])

    scores = localise(maps, masks)

    assert all(np.isnan(values).all() for values in vars(scores).values())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_the_scale_of_a_map_changes_nothing_and_scores_stay_in_range(seed, scale):
    rng = np.random.default_rng(seed)
    maps, masks = rng.standard_normal((4, 3, 3)), rng.random((4, 7, 5)) < 0.4

    scores = localise(maps, masks)

    scaled = localise(maps * scale, masks)
    for name, values in vars(scores).items():
        np.testing.assert_allclose(values, getattr(scaled, name), rtol=1e-9)
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1 + 1e-12)).all()


def test_blocks_do_not_change_the_scores(rng, monkeypatch):
    maps, masks = rng.random((7, 3, 3)), rng.random((7, 6, 6)) < 0.5
    whole = localise(maps, masks)

    monkeypatch.setattr("udviz.stats.maps.localisation._BLOCK_BYTES", 1)
    one_by_one = localise(maps, masks)

    for name, values in vars(whole).items():
        np.testing.assert_array_equal(values, getattr(one_by_one, name))


def test_the_table_averages_each_labels_objects_against_the_centre(rng):
    masks = rng.random((60, 8, 8)) < 0.2
    maps = masks + rng.random((60, 8, 8))  # informed
    columns = np.repeat([2, 0], 30)
    masks[0] = False  # an empty mask is no object

    scores = localise(maps, masks)
    table = localisation_table(scores, columns, label_names=["a", "b", "c"])

    assert table["objects"].tolist() == [30, 0, 29]
    np.testing.assert_allclose(table.loc[2, "energy"], np.nanmean(scores.energy[:30]))
    assert table.loc[1, "hit":].isna().all()
    beyond = (scores.energy - scores.energy_centre)[30:]
    np.testing.assert_allclose(table.loc[0, "energy_beyond_centre"], beyond.mean())
    half = 2.0452296 * beyond.std(ddof=1) / np.sqrt(30)  # t quantile of 29 degrees of freedom
    np.testing.assert_allclose(table.loc[0, "energy_beyond_centre_low"], beyond.mean() - half)
    assert table.loc[0, "hit_low"] < table.loc[0, "hit"] <= table.loc[0, "hit_high"] + 1e-12


def test_an_uninformed_map_is_not_beyond_the_centre(rng):
    masks = rng.random((400, 8, 8)) < 0.2
    centre = np.exp(-8 * ((np.arange(8) + 0.5) / 8 - 0.5) ** 2)

    table = localisation_table(
        localise(np.tile(np.outer(centre, centre), (400, 1, 1)), masks),
        np.zeros(400, dtype=int),
        label_names=["a"],
    )

    assert abs(table.loc[0, "energy_beyond_centre"]) < 1e-12
    assert table.loc[0, "hit_beyond_centre"] == 0.0


def test_what_does_not_match_is_refused(rng):
    masks = np.ones((2, 4, 4), dtype=bool)

    with pytest.raises(TypeError, match="`masks` must be boolean, got dtype int64"):
        localise(np.ones((2, 2, 2)), masks.astype(np.int64))
    with pytest.raises(ValueError, match="`maps` and `masks` must have shapes"):
        localise(np.ones((3, 2, 2)), masks)
    with pytest.raises(ValueError, match="`maps` must be finite"):
        localise(np.full((2, 2, 2), np.nan), masks)
    with pytest.raises(ValueError, match=r"`columns` must lie in \[0, 1\)"):
        localisation_table(localise(np.ones((2, 2, 2)), masks), np.array([0, 1]), label_names=["a"])
