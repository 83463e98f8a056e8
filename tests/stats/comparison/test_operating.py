import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss, f1_score, recall_score

from udviz.stats.comparison.gain import AFTER, BEFORE, gain_table, mean_gain_row
from udviz.stats.comparison.operating import Scope, measure_brier, measure_decisions

SCOPE = Scope(min_positives=5)
CUTS = (0.4, 0.7)


def models(rng, *, n_seeds=1, n_images=500, n_labels=4):
    targets = (rng.random((n_images, n_labels)) < 0.2).astype(np.int8)
    targets[rng.random(targets.shape) < 0.1] = -1
    shared = rng.normal(size=targets.shape)

    def run():
        return shared + 0.8 * rng.normal(size=targets.shape) + 1.5 * (targets == 1)

    return {name: {seed: run() for seed in range(n_seeds)} for name in (BEFORE, AFTER)}, targets


def cuts_of(runs, n_labels):
    return {
        name: {seed: np.full(n_labels, cut) for seed in of}
        for (name, of), cut in zip(runs.items(), CUTS, strict=True)
    }


def decided(runs, targets, **scope):
    own = Scope(min_positives=5, **scope)
    return measure_decisions(runs, targets, cuts_of(runs, targets.shape[1]), scope=own).result()


def test_a_case_worked_by_hand():
    # six absent images: before calls three of them, after one of these: b = 2, c = 0
    before = np.array([[9.0], [9.0], [9.0], [0.0], [0.0], [0.0], [9.0], [0.0]])
    after = np.array([[9.0], [0.0], [0.0], [0.0], [0.0], [0.0], [9.0], [9.0]])
    targets = np.array([[0], [0], [0], [0], [0], [0], [1], [1]])
    runs = {BEFORE: {0: before}, AFTER: {0: after}}
    cuts = {name: {0: np.array([1.0])} for name in runs}

    found = measure_decisions(runs, targets, cuts, scope=Scope(min_positives=1)).result()

    rate = gain_table(found["false_positive_rate"], BEFORE, AFTER).iloc[0]
    assert [rate["before_value"], rate["after_value"]] == pytest.approx([3 / 6, 1 / 6])
    # McNemar's variance (b + c - (b - c)^2 / n) / n^2, times n / (n - 1), plus one image
    mcnemar = (2 - 4 / 6) / 36
    assert rate["se"] == pytest.approx(np.sqrt(mcnemar * 6 / 5 + 1 / 36))
    recall = gain_table(found["recall"], BEFORE, AFTER).iloc[0]
    assert [recall["before_value"], recall["after_value"]] == pytest.approx([0.5, 1.0])
    f1 = gain_table(found["f1"], BEFORE, AFTER).iloc[0]
    assert [f1["before_value"], f1["after_value"]] == pytest.approx([2 / 6, 4 / 5])


def test_values_are_those_of_scikit_learn_where_targets_are_known(rng):
    runs, targets = models(rng)

    found = decided(runs, targets)

    for label in range(targets.shape[1]):
        known = targets[:, label] != -1
        given = targets[known, label]
        for place, (name, cut) in enumerate(zip(runs, CUTS, strict=True)):
            called = runs[name][0][known, label] >= cut
            values = [found[m].values[place, label] for m in ("recall", "f1")]
            assert values == pytest.approx([recall_score(given, called), f1_score(given, called)])
            rate = found["false_positive_rate"].values[place, label]
            assert rate == pytest.approx(recall_score(1 - given, called))


def test_the_brier_score_is_that_of_scikit_learn(rng):
    runs, targets = models(rng)

    found = measure_brier(runs, targets, scope=SCOPE).result()["brier"]

    known = targets[:, 1] != -1
    probs = 1 / (1 + np.exp(-runs[AFTER][0][known, 1]))
    assert found.values[1, 1] == pytest.approx(brier_score_loss(targets[known, 1], probs))


@pytest.mark.parametrize("measure", ["false_positive_rate", "recall", "f1", "brier"])
def test_standard_errors_are_those_of_a_paired_bootstrap(rng, measure):
    runs, targets = models(rng, n_images=1500, n_labels=2)

    def measured(rows):
        own = {name: {0: of[0][rows]} for name, of in runs.items()}
        found = (
            decided(own, targets[rows]) | measure_brier(own, targets[rows], scope=SCOPE).result()
        )
        return found[measure]

    folds = [np.diff(measured(rng.integers(0, 1500, 1500)).values, axis=0)[0] for _ in range(150)]
    ours = gain_table(measured(np.arange(1500)), BEFORE, AFTER)["se"]
    np.testing.assert_allclose(ours, np.std(folds, axis=0, ddof=1), rtol=0.25)


def test_the_order_of_the_images_changes_nothing(rng):
    runs, targets = models(rng, n_seeds=2)
    order = rng.permutation(len(targets))
    moved = {name: {s: run[order] for s, run in of.items()} for name, of in runs.items()}

    for measure, found in decided(runs, targets).items():
        other = decided(moved, targets[order])[measure]
        columns = ["gain", "gain_low", "gain_high", "p"]
        np.testing.assert_allclose(
            gain_table(found, BEFORE, AFTER)[columns], gain_table(other, BEFORE, AFTER)[columns]
        )


def test_swapping_the_models_turns_the_gain_around(rng):
    found = decided(*models(rng))["false_positive_rate"]

    there, back = gain_table(found, BEFORE, AFTER), gain_table(found, AFTER, BEFORE)

    np.testing.assert_allclose(there["gain_low"], -back["gain_high"])
    np.testing.assert_allclose(there["p"], back["p"])


def test_means_of_hard_labels_and_of_the_rest_are_over_the_supported_ones(rng):
    runs, targets = models(rng)
    targets[4:, 3] = np.minimum(targets[4:, 3], 0)  # too few positives
    hard = np.array([True, False, False, True])

    found = decided(runs, targets, hard=hard)["false_positive_rate"]

    gain = gain_table(found, BEFORE, AFTER)["gain"]
    for over, chosen in {"hard": [0], "rest": [1, 2], "supported": [0, 1, 2]}.items():
        row = mean_gain_row(found, BEFORE, AFTER, over=over)
        assert row["gain"] == pytest.approx(gain[chosen].mean())
        assert row["n_labels"] == len(chosen)


def test_several_seeds_give_the_mean_and_widen_its_interval(rng):
    runs, targets = models(rng, n_seeds=3)
    for seed, run in enumerate(runs[AFTER].values()):
        run -= 0.5 * seed  # a seed that moves all scores

    both = decided(runs, targets)["false_positive_rate"]
    alone = decided({name: {0: of[0]} for name, of in runs.items()}, targets)

    table, one = (gain_table(m, BEFORE, AFTER) for m in (both, alone["false_positive_rate"]))
    np.testing.assert_allclose(table["before_value"], both.values[:3].mean(axis=0))
    assert (table["se"] > one["se"]).all()


def test_images_repeated_in_groups_have_the_errors_of_the_images_alone(rng):
    runs, targets = models(rng)
    thrice = np.arange(1500) % 500
    moved = {name: {0: of[0][thrice]} for name, of in runs.items()}

    alone = decided(runs, targets) | measure_brier(runs, targets, scope=SCOPE).result()
    own = Scope(min_positives=5, groups=thrice)
    grouped = (
        decided(moved, targets[thrice], groups=thrice)
        | measure_brier(moved, targets[thrice], scope=own).result()
    )

    for name, each in alone.items():
        one, three = gain_table(each, BEFORE, AFTER), gain_table(grouped[name], BEFORE, AFTER)
        np.testing.assert_allclose(three[["gain", "se"]], one[["gain", "se"]])


def test_two_models_that_err_on_the_same_images_are_not_surely_equal():
    scores = np.linspace(1, -1, 100)[:, None]
    targets = (np.arange(100) % 10 == 0).astype(np.int8)[:, None]
    runs = {BEFORE: {0: scores}, AFTER: {0: scores.copy()}}

    row = gain_table(decided(runs, targets)["recall"], BEFORE, AFTER).iloc[0]

    assert row["gain_low"] < -0.05 < 0.05 < row["gain_high"]


def test_a_label_without_positives_has_false_positives_but_no_recall(rng):
    runs, targets = models(rng)
    targets[:, 0] = 0

    found = decided(runs, targets)

    assert np.isnan(found["recall"].values[:, 0]).all()
    assert np.isnan(found["f1"].values[:, 0]).all()
    assert np.isfinite(found["false_positive_rate"].values).all()
    assert mean_gain_row(found["recall"], BEFORE, AFTER)["n_labels"] == 3


@pytest.mark.parametrize("own", [{}, {0: np.zeros(3)}, {0: np.array([0.0, 0.0, 0.0, np.nan])}])
def test_runs_without_a_threshold_for_every_label_are_refused(rng, own):
    runs, targets = models(rng)
    cuts = cuts_of(runs, 4) | {AFTER: own}

    with pytest.raises(ValueError, match=r"`thresholds` must hold \(4,\) numbers for seed 0 of"):
        measure_decisions(runs, targets, cuts, scope=SCOPE).result()


def test_intervals_of_a_false_positive_rate_cover_the_truth(rng):
    hits = []
    for _ in range(12):
        noise = rng.normal(size=(1000, 20))
        targets = np.zeros((1000, 20), dtype=np.int8)
        targets[:50] = 1
        runs = {n: {0: 0.7 * noise + 0.7 * rng.normal(size=noise.shape)} for n in (BEFORE, AFTER)}
        cuts = {BEFORE: {0: np.full(20, 1.0)}, AFTER: {0: np.full(20, 1.2)}}
        found = measure_decisions(runs, targets, cuts, scope=SCOPE).result()["false_positive_rate"]
        table = gain_table(found, BEFORE, AFTER)
        truth = np.diff(stats.norm.sf(np.array([1.0, 1.2]) / np.sqrt(0.98)))[0]
        hits.append((table["gain_low"] <= truth) & (truth <= table["gain_high"]))
    assert 0.90 <= np.mean(hits) <= 0.99
