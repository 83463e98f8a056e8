import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

from udviz.stats.ranking.ranking import (
    auroc,
    average_precision,
    label_ranking,
)


def column(values, dtype=np.float64):
    return np.array(values, dtype=dtype)[:, None]


CASES = {
    "random": (np.random.default_rng(1).normal(size=200), np.arange(200) % 7 == 0),
    "tied": (np.random.default_rng(2).integers(0, 4, 200).astype(float), np.arange(200) % 3 == 0),
    "constant": (np.full(50, 0.3), np.arange(50) % 5 == 0),
    "all positive": (np.linspace(-1, 1, 20), np.ones(20, bool)),
    "one positive, last": (np.arange(10.0), np.arange(10) == 0),
    "one image": (np.zeros(1), np.ones(1, bool)),
    "perfect": (np.arange(10.0), np.arange(10) > 6),
    "zeros of both signs": (np.array([0.0, -0.0, 0.0, -0.0]), np.array([1, 0, 0, 1]) == 1),
    "tiny and huge": (np.array([1e-40, -1e38, 1e38, 0.0]), np.array([1, 0, 1, 0]) == 1),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request):
    return request.param


@pytest.fixture
def data(rng):
    targets = (rng.random((300, 4)) < 0.2).astype(np.int8)
    scores = (rng.normal(size=targets.shape) + targets).astype(np.float32)
    return scores, targets


def test_average_precision_of_a_case_worked_by_hand():
    scores = column([0.9, 0.8, 0.7, 0.6, 0.5])
    targets = column([1, 0, 1, 0, 1], np.int8)

    np.testing.assert_allclose(average_precision(scores, targets), [(1 + 2 / 3 + 3 / 5) / 3])


def test_auroc_of_a_case_worked_by_hand():
    scores = column([0.9, 0.8, 0.8, 0.1])
    targets = column([1, 0, 1, 0], np.int8)

    # the four pairs: win, win, tie, win
    np.testing.assert_allclose(auroc(scores, targets), [3.5 / 4])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_average_precision_is_scikit_learns_to_1e_9(case, dtype):
    scores = np.clip(case[0], -6e4, 6e4).astype(dtype)  # the range of float16

    ours = average_precision(scores[:, None], case[1].astype(np.int8)[:, None])

    if case[1].all():  # theirs is 1, as every ranking's would be
        assert np.isnan(ours).all()
    else:
        theirs = average_precision_score(case[1], scores)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def test_a_label_without_known_absent_images_cannot_be_measured(data):
    scores, targets = data
    targets[:, 1] = np.where(targets[:, 1] == 1, 1, -1)

    table = label_ranking(scores, targets, min_positives=1)

    assert table.table["ap"].isna().tolist() == [False, True, False, False]
    assert table.table["supported"].tolist() == [True, False, True, True]
    rest = average_precision(np.delete(scores, 1, axis=1), np.delete(targets, 1, axis=1))
    assert table.mean_ap.n_labels == table.mean_ap_supported.n_labels == 3
    np.testing.assert_allclose(table.mean_ap.value, rest.mean())


def test_auroc_is_scikit_learns_to_1e_9(case):
    ours = auroc(case[0][:, None], case[1].astype(np.int8)[:, None])

    if case[1].all():
        assert np.isnan(ours).all()
    else:
        np.testing.assert_allclose(ours, roc_auc_score(case[1], case[0]), rtol=0, atol=1e-9)


def test_both_are_torchmetrics_to_1e_6(data):
    probs, targets = expit(data[0]), data[1]
    tensors = torch.from_numpy(probs.T.copy()), torch.from_numpy(targets.T.astype(int))
    pairs = list(zip(*tensors, strict=True))

    theirs = [binary_average_precision(*pair) for pair in pairs]
    np.testing.assert_allclose(average_precision(probs, targets), theirs, rtol=0, atol=1e-6)
    theirs = [binary_auroc(*pair) for pair in pairs]
    np.testing.assert_allclose(auroc(probs, targets), theirs, rtol=0, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.float32, 12, elements=st.sampled_from([-1.0, -0.0, 0.0, 0.5, 2.0])),
    arrays(np.int8, 12, elements=st.sampled_from([-1, 0, 1])),
)
def test_any_ties_and_unknowns_are_scikit_learns(scores, targets):
    known = targets >= 0
    ours = average_precision(scores[:, None], targets[:, None])[0]

    if (targets == 1).any() and (targets == 0).any():
        theirs = average_precision_score(targets[known], scores[known])
        assert ours == pytest.approx(theirs, abs=1e-9)
    else:
        assert np.isnan(ours)


def test_unknown_targets_are_left_out_label_by_label(data, rng):
    scores, targets = data
    holes = rng.random(targets.shape) < 0.3
    with_holes = np.where(holes, -1, targets).astype(np.int8)

    for measure in (average_precision, auroc):
        alone = [
            measure(scores[~hole, k : k + 1], targets[~hole, k : k + 1])[0]
            for k, hole in enumerate(holes.T)
        ]
        np.testing.assert_allclose(measure(scores, with_holes), alone, rtol=1e-12)


def test_the_order_of_images_changes_nothing(data, rng):
    scores, targets = np.round(data[0], 1), data[1]
    order = rng.permutation(len(scores))

    shuffled = label_ranking(scores[order], targets[order]).table

    pd.testing.assert_frame_equal(shuffled, label_ranking(scores, targets).table, rtol=1e-9)


def test_logits_and_probabilities_rank_alike(data):
    scores, targets = data[0].astype(np.float64), data[1]

    np.testing.assert_array_equal(
        average_precision(scores, targets), average_precision(expit(scores), targets)
    )


def test_any_memory_layout_and_memory_maps_give_the_same(data, tmp_path, monkeypatch):
    scores, targets = data
    expected = label_ranking(scores, targets).table
    np.save(tmp_path / "c.npy", np.ascontiguousarray(scores))
    np.save(tmp_path / "f.npy", np.asfortranarray(scores))
    monkeypatch.setattr(
        "udviz.stats.labels.label_columns._BLOCK_BYTES", 3000
    )  # two columns a block

    for name in ("c", "f"):
        mapped = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        np.testing.assert_array_equal(label_ranking(mapped, targets).table, expected)
    wide = np.repeat(scores, 2, axis=1)[:, ::2]  # neither C- nor Fortran-ordered
    np.testing.assert_array_equal(label_ranking(wide, np.asfortranarray(targets)).table, expected)


def test_scores_are_not_changed(data):
    before = data[0].copy(order="F")
    scores = before.copy(order="F")

    label_ranking(scores, data[1])
    average_precision(scores, data[1])

    np.testing.assert_array_equal(scores, before)


def test_a_label_without_positives_is_nan_and_says_so():
    targets = np.array([[0, 1], [0, 0], [0, 1]], np.int8)
    ranking = label_ranking(np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]), targets)

    empty = ranking.table.loc[0]

    assert (empty["positives"], empty["known"], empty["prevalence"]) == (0, 3, 0.0)
    assert np.isnan(empty[["ap", "ap_se", "ap_low", "ap_high", "auroc"]].astype(float)).all()
    assert not empty["supported"]
    assert ranking.mean_ap.n_labels == 1
    assert ranking.mean_ap.value == pytest.approx((1 + 2 / 3) / 2)
    assert ranking.mean_ap_supported.n_labels == 0
    assert np.isnan(ranking.mean_ap_supported.value)


def test_support_starts_at_min_positives(data):
    scores, targets = data
    targets[:, 0] = 0
    targets[:5, 0] = 1

    assert not label_ranking(scores, targets, min_positives=6).table["supported"][0]
    assert label_ranking(scores, targets, min_positives=5).table["supported"][0]


def test_means_are_over_labels_with_positives_and_over_supported_ones(data):
    scores, targets = data
    targets[:, 0] = 0
    targets[:5, 0] = 1
    targets[:, 1] = 0
    each = average_precision(scores, targets)

    ranking = label_ranking(scores, targets)

    assert ranking.mean_ap.value == pytest.approx(each[[0, 2, 3]].mean())
    assert ranking.mean_ap_supported.value == pytest.approx(each[2:].mean())


def test_with_one_label_the_mean_is_that_label(data):
    ranking = label_ranking(data[0][:, :1], data[1][:, :1])
    row, mean = ranking.table.loc[0], ranking.mean_ap

    np.testing.assert_allclose(
        row[["ap", "ap_se", "ap_low", "ap_high"]].astype(float),
        [mean.value, mean.se, mean.low, mean.high],
    )


def test_copies_of_a_label_do_not_make_the_mean_more_certain(data):
    one = label_ranking(data[0][:, :1], data[1][:, :1]).mean_ap
    copies = label_ranking(*(np.repeat(each[:, :1], 10, axis=1) for each in data)).mean_ap

    assert copies.se == pytest.approx(one.se)


def test_seeds_are_averaged_and_widen_the_interval(data, rng):
    scores, targets = data
    seeds = [(scores + 0.3 * s * targets).astype(np.float32) for s in (-1, 0, 1)]

    ranking = label_ranking(seeds, targets)

    expected = np.mean([average_precision(seed, targets) for seed in seeds], axis=0)
    np.testing.assert_allclose(ranking.table["ap"], expected)
    assert (ranking.table["ap_se"] > 1.2 * label_ranking(scores, targets).table["ap_se"]).all()
    assert ranking.mean_ap.includes_seed_variance
    per_seed = [average_precision(seed, targets).mean() for seed in seeds]
    assert ranking.mean_ap.seed_sd == pytest.approx(np.std(per_seed, ddof=1))


@pytest.mark.parametrize("measure", [average_precision, auroc, label_ranking])
class TestRefusals:
    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_score_that_is_not_finite_is_refused(self, measure, bad):
        with pytest.raises(ValueError, match=r"`scores` must be finite, .* in column 1"):
            measure(np.array([[0.0, 0.0], [0.0, bad]]), np.array([[1, 1], [0, 0]]))

    def test_a_target_outside_the_three_values_is_refused(self, measure):
        with pytest.raises(ValueError, match=r"`targets` must be 1 .* in column 0"):
            measure(np.zeros((2, 1)), np.array([[1], [2]]))

    def test_shapes_that_differ_are_refused(self, measure):
        with pytest.raises(ValueError, match="must have the same shape"):
            measure(np.zeros((3, 1)), np.ones((2, 1)))

    def test_one_dimension_is_refused(self, measure):
        with pytest.raises(ValueError, match=r"`targets` must have shape \(N, L\)"):
            measure(np.zeros((3, 1)), np.ones(3))

    def test_integer_scores_are_refused(self, measure):
        with pytest.raises(TypeError, match="`scores` must hold floating-point numbers, got dtype"):
            measure(np.zeros((2, 1), int), np.ones((2, 1)))


def test_large_finite_scores_are_not_taken_for_infinite():
    scores = np.array([[3e38], [-3e38], [1e38]], np.float32)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert average_precision(scores, np.array([[1], [0], [0]])) == 1.0


def test_an_empty_list_of_seeds_is_refused():
    with pytest.raises(ValueError, match="`scores` must hold at least one array"):
        label_ranking([], np.ones((2, 1)))


def test_images_named_twice_are_refused(data):
    with pytest.raises(ValueError, match="`images` must name each image once"):
        label_ranking(*data, images=np.array([0, 0, 1]))


def test_no_images_give_no_numbers():
    ranking = label_ranking(np.zeros((0, 2)), np.zeros((0, 2), np.int8))

    assert ranking.table["known"].tolist() == [0, 0]
    assert np.isnan(ranking.mean_ap.value)
