import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from udviz.stats.comparison.gain import MIN_TESTED, corrected, detectable_gain, label_gains
from udviz.stats.inference.seeds import StandardError
from udviz.stats.ranking.influence import average_precision_influence
from udviz.stats.ranking.ranking import average_precision, label_ranking


def models(rng, n_images=600, n_labels=6, n_positives=60, gain=1.0, n_seeds=1, seed_sd=0.0):
    """Baseline and distilled scores per seed; images' noise is shared, positives lie higher."""
    targets = rng.permuted(np.arange(n_images)[:, None] < np.full(n_labels, n_positives), axis=0)
    targets = targets.astype(np.int8)
    shared = rng.normal(size=targets.shape)

    def model(separation):
        effect = separation + seed_sd * rng.normal(size=n_labels)
        return (shared + 0.7 * rng.normal(size=targets.shape) + effect * targets).astype(np.float32)

    baseline = [model(1.5) for _ in range(n_seeds)]
    return baseline, [model(1.5 + gain) for _ in range(n_seeds)], targets


@pytest.fixture
def data(rng):
    (baseline,), (distilled,), targets = models(rng)
    return baseline, distilled, targets


def test_gain_is_the_difference_of_scikit_learns_average_precisions(data):
    *pair, targets = data

    table = label_gains(*data).table

    for label, row in table.iterrows():
        each = [average_precision_score(targets[:, label], s[:, label]) for s in pair]
        assert [row["before_value"], row["after_value"]] == pytest.approx(each, abs=1e-9)
        assert row["gain"] == pytest.approx(each[1] - each[0], abs=1e-9)


def test_the_standard_error_is_that_of_the_difference_of_influences(data):
    *pair, targets = data

    table = label_gains(*data).table

    for label in range(6):
        positive = targets[:, label] == 1
        influence = [average_precision_influence(s[:, label], positive)[1] for s in pair]
        variance = np.sum((influence[1] - influence[0]) ** 2)
        correction = positive.sum() / (positive.sum() - 1)
        assert table["se"][label] == pytest.approx(np.sqrt(variance * correction))


def test_the_standard_error_is_that_of_a_paired_bootstrap(rng):
    (baseline,), (distilled,), targets = models(rng, n_images=1500, n_labels=3)
    folds = []
    for _ in range(400):
        rows = rng.integers(0, 1500, 1500)
        after, before = (average_precision(s[rows], targets[rows]) for s in (distilled, baseline))
        folds.append([*(after - before), (after - before).mean()])

    gains = label_gains(baseline, distilled, targets)

    ours = [*gains.table["se"], gains.mean_gain.se]
    np.testing.assert_allclose(ours, np.std(folds, axis=0), rtol=0.12)


def test_the_mean_gain_is_the_mean_and_knows_that_labels_share_images(data):
    copies = [np.repeat(each[:, :1], 5, axis=1) for each in data]

    one, five = label_gains(*(each[:, :1] for each in data)), label_gains(*copies)
    gains = label_gains(*data)

    assert gains.mean_gain.gain == pytest.approx(gains.table["gain"].mean())
    row, mean = one.table.loc[0], one.mean_gain
    assert [mean.gain, mean.se, mean.low, mean.high, mean.p] == pytest.approx(
        row[["gain", "se", "gain_low", "gain_high", "p"]].tolist()
    )
    assert five.mean_gain.se == pytest.approx(one.mean_gain.se)
    independent = np.sqrt((gains.table["se"] ** 2).sum()) / 6
    assert gains.mean_gain.se == pytest.approx(independent, rel=0.3)


def test_swapping_the_models_mirrors_everything(data):
    baseline, distilled, targets = data

    there, back = label_gains(*data).table, label_gains(distilled, baseline, targets).table

    np.testing.assert_allclose(back["gain"], -there["gain"])
    np.testing.assert_allclose(back[["gain_low", "gain_high"]], -there[["gain_high", "gain_low"]])
    np.testing.assert_allclose(back["p"], there["p"])
    swap = {"helped": "hurt", "hurt": "helped", "inconclusive": "inconclusive"}
    assert back["verdict"].tolist() == [swap[verdict] for verdict in there["verdict"]]
    assert "helped" in set(there["verdict"])


def test_the_same_model_twice_gains_nothing(data):
    gains = label_gains(data[0], data[0].copy(), data[2])

    np.testing.assert_allclose(gains.table[["gain", "se", "gain_low", "gain_high"]], 0, atol=1e-9)
    np.testing.assert_allclose(gains.table["p"], 1)
    assert set(gains.table["verdict"]) == {"inconclusive"}
    np.testing.assert_allclose(gains.table["detectable_gain"], 0, atol=1e-9)


def test_pairing_narrows_the_interval(data, rng):
    baseline, distilled, targets = data
    separate = np.hypot(
        label_ranking(baseline, targets).table["ap_se"],
        label_ranking(distilled, targets).table["ap_se"],
    )

    assert (label_gains(*data).table["se"] < 0.9 * separate).all()


def test_unknown_targets_and_left_out_images_are_not_looked_at(data, rng):
    baseline, distilled, targets = data
    hidden = rng.random(targets.shape) < 0.2
    targets = np.where(hidden, -1, targets).astype(np.int8)
    images = np.sort(rng.permutation(600)[:500])
    spoilt = np.where(hidden, 99, distilled).astype(np.float32)
    spoilt[np.setdiff1d(np.arange(600), images)] = -99

    gains = label_gains(baseline, spoilt, targets, images=images)

    expected = label_gains(baseline[images], distilled[images], targets[images])
    pd.testing.assert_frame_equal(gains.table, expected.table)
    assert gains.mean_gain.se == pytest.approx(expected.mean_gain.se)


def test_the_roles_intervals_are_those_of_label_ranking(data):
    table, ranking = label_gains(*data).table, label_ranking(data[1], data[2]).table

    for end in ("", "_low", "_high"):
        np.testing.assert_allclose(table[f"after_value{end}"], ranking[f"ap{end}"])


class TestSeeds:
    def test_with_one_seed_the_result_says_that_seed_noise_is_not_in_it(self, data):
        gains = label_gains(*data)

        assert not gains.includes_seed_variance
        assert not gains.mean_gain.includes_seed_variance
        assert np.isnan(gains.mean_gain.seed_sd)

    def test_with_several_seeds_gains_are_means_and_intervals_cover_the_seeds(self, rng):
        baseline, distilled, targets = models(rng, n_labels=12, n_seeds=3, seed_sd=0.5)
        per_seed = [
            average_precision(after, targets) - average_precision(before, targets)
            for before, after in zip(baseline, distilled, strict=True)
        ]

        gains = label_gains(baseline, distilled, targets)

        np.testing.assert_allclose(gains.table["gain"], np.mean(per_seed, axis=0), atol=1e-6)
        assert gains.includes_seed_variance
        assert gains.mean_gain.seed_sd == pytest.approx(np.std(np.mean(per_seed, 1), ddof=1))
        one = label_gains(baseline[0], distilled[0], targets)
        assert (gains.table["se"] > 1.1 * one.table["se"]).mean() > 0.7

    def test_a_seed_repeated_adds_nothing(self, data):
        baseline, distilled, targets = data

        thrice = label_gains([baseline] * 3, [distilled] * 3, targets).table

        once = label_gains(*data).table
        columns = ["gain", "se", "gain_low", "gain_high", "p"]
        np.testing.assert_allclose(thrice[columns], once[columns], atol=1e-9)

    def test_the_order_of_seeds_changes_nothing(self, rng):
        baseline, distilled, targets = models(rng, n_seeds=3, seed_sd=0.3)

        gains = label_gains(baseline, distilled, targets)
        reversed_ = label_gains(baseline[::-1], distilled[::-1], targets)

        pd.testing.assert_frame_equal(gains.table, reversed_.table)

    def test_seeds_that_are_not_paired_are_refused(self, data):
        with pytest.raises(ValueError, match="must be paired by seed, got 2 and 1 seeds"):
            label_gains([data[0], data[0]], data[1], data[2])


class TestFewPositives:
    def test_a_perfect_model_on_few_positives_is_not_certain(self):
        targets = (np.arange(60) < 5).astype(np.int8)[:, None]
        perfect = targets.astype(float)
        good = perfect.copy()
        good[7] = 2.0  # one negative above all positives

        row = label_gains(good, perfect, targets).table.loc[0]

        assert row["gain"] > 0.15
        assert row["gain_low"] < 0 < row["gain_high"]
        assert row["verdict"] == "inconclusive"

    def test_one_positive_gives_no_interval_and_none_gives_no_gain(self):
        targets = np.zeros((20, 2), np.int8)
        targets[3, 0] = 1
        scores = np.random.default_rng(0).normal(size=(2, 20, 2))

        gains = label_gains(*scores, targets)

        assert np.isfinite(gains.table["gain"][0])
        assert (
            gains.table.loc[0, ["se", "gain_low", "gain_high", "p", "q"]].isna().tolist()[1:]
            == [True] * 4
        )
        assert gains.table.loc[1, ["gain", "se", "gain_low", "gain_high", "p", "q"]].isna().all()
        assert gains.table["verdict"].tolist() == ["inconclusive"] * 2
        assert np.isnan(gains.table["detectable_gain"]).all()

    def test_a_label_with_one_positive_does_not_hide_the_interval_of_the_mean(self, data):
        data[2][:, 0] = 0
        data[2][0, 0] = 1

        mean = label_gains(*data).mean_gain

        assert mean.n_labels == 6
        assert -1 < mean.low < mean.gain < mean.high < 1

    def test_too_few_to_decide_are_not_tested_and_cost_the_others_nothing(self, rng):
        (baseline,), (distilled,), targets = models(rng, n_labels=4)
        rare = targets.copy()
        rare[:, 1:] = 0
        rare[: MIN_TESTED - 1, 1:] = 1

        table = label_gains(baseline, distilled, rare).table

        assert table["q"][0] == table["p"][0]
        assert table["q"][1:].isna().all()
        assert table["p"][1:].notna().all()


class TestVerdicts:
    def test_q_values_are_scipys_and_skip_labels_without_p(self):
        p = np.array([0.01, np.nan, 0.04, 0.03])

        for correction in ("bh", "by"):
            q = corrected(p, correction=correction)
            expected = stats.false_discovery_control([0.01, 0.04, 0.03], method=correction)
            np.testing.assert_allclose(q[[0, 2, 3]], expected)
            assert np.isnan(q[1])

    def test_by_is_stricter_than_bh(self, data):
        bh = label_gains(*data).table["q"]

        assert (label_gains(*data, correction="by").table["q"] > bh).all()

    def test_an_unknown_correction_is_refused(self, data):
        with pytest.raises(ValueError, match="`correction` must be one of bh, by, got 'holm'"):
            label_gains(*data, correction="holm")

    @pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
    def test_a_confidence_outside_zero_to_one_is_refused(self, data, confidence):
        with pytest.raises(ValueError, match=r"`confidence` must lie in \(0, 1\)"):
            label_gains(*data, confidence=confidence)

    def test_a_bad_score_in_either_model_is_refused(self, data):
        data[1][5, 2] = np.nan

        with pytest.raises(ValueError, match=r"`scores` must be finite, .* in column 2"):
            label_gains(*data)


def error(image_variance, seed_variance, df=30.0):
    return StandardError(
        se=np.sqrt([image_variance + seed_variance]),
        image_variance=np.array([image_variance]),
        seed_variance=np.array([seed_variance]),
        df=np.array([df]),
    )


class TestDetectableGain:
    def test_a_case_worked_by_hand(self):
        # 80 % power at 5 % two-sided needs a gain of 1.960 + 0.842 = 2.802 standard errors
        gain = detectable_gain(error(0.0064, 0.0036, df=np.inf))

        assert gain[0] == pytest.approx(0.1 * 2.8016, abs=1e-4)

    def test_few_degrees_of_freedom_ask_for_more_and_no_gain_exceeds_one(self):
        assert detectable_gain(error(0.01, 0.0, df=3.0)) > detectable_gain(error(0.01, 0.0))
        assert detectable_gain(error(1.0, 0.0)) == 1.0
        assert np.isnan(detectable_gain(error(0.01, 0.0, df=0.0)))

    def test_a_gain_of_that_size_is_found_in_four_of_five_cases(self, rng):
        (baseline,), (distilled,), targets = models(
            rng, n_images=2000, n_positives=200, n_labels=150, gain=0.29
        )

        table = label_gains(baseline, distilled, targets).table

        assert table["gain"].mean() == pytest.approx(table["detectable_gain"].mean(), rel=0.1)
        assert (table["p"] < 0.05).mean() == pytest.approx(0.8, abs=0.08)


class TestCoverage:
    """Coarse bounds that a wrong variance would leave; the full tables are in the benchmarks."""

    def simulate(self, rng, *, n_runs, **kwargs):
        runs = [
            label_gains(*models(rng, n_labels=40, n_positives=30, **kwargs)) for _ in range(n_runs)
        ]
        return pd.concat([run.table for run in runs]), [run.mean_gain for run in runs]

    def test_without_a_difference_few_labels_are_called_and_p_is_uniform(self, rng):
        table, _ = self.simulate(rng, n_runs=15, gain=0.0)

        assert (table["verdict"] != "inconclusive").mean() <= 0.01
        assert 0.02 < (table["p"] < 0.05).mean() < 0.075
        covered = (table["gain_low"] <= 0) & (table["gain_high"] >= 0)
        assert covered.mean() == pytest.approx(0.95, abs=0.025)

    @pytest.mark.parametrize("n_seeds", [2, 4])
    def test_intervals_cover_training_again(self, rng, n_seeds):
        # no true gain, but every seed moves every label of either model
        table, means = self.simulate(rng, n_runs=12, gain=0.0, n_seeds=n_seeds, seed_sd=0.3)

        covered = (table["gain_low"] <= 0) & (table["gain_high"] >= 0)
        assert covered.mean() == pytest.approx(0.95, abs=0.035)
        assert np.mean([mean.low <= 0 <= mean.high for mean in means]) >= 0.75

    def test_one_seed_alone_would_not(self, rng):
        table, _ = self.simulate(rng, n_runs=12, gain=0.0, seed_sd=0.3)

        assert ((table["gain_low"] <= 0) & (table["gain_high"] >= 0)).mean() < 0.85
