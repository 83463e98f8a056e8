"""Slices beside the rest: by hand, against scipy and scikit-learn, and where nothing differs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, fisher_exact
from sklearn.metrics import average_precision_score, roc_auc_score

from udviz.stats.slices.differences import SliceData, compare_slices, corrected_p

NAMES = ["hat", "shoe", "dog"]


def drawn(rng, n_images=600, n_labels=3, **changes):
    """Images of two sites, a third at one of them, with one run of a model; nothing differs."""
    targets = (rng.random((n_images, n_labels)) < 0.3).astype(np.int8)
    data = SliceData(
        targets=targets,
        slices=pd.Series(np.where(rng.random(n_images) < 1 / 3, "north", "south")),
        label_names=[f"label {place}" for place in range(n_labels)],
        runs=[targets * 1.5 + rng.normal(size=targets.shape) - 1],
        thresholds=[np.zeros(n_labels)],
        min_positives=20,
    )
    return replace(data, **changes)


def row_of(table, metric, label="label 0", name="north", scope="label"):
    rows = table.query("metric == @metric and slice == @name and scope == @scope")
    (found,) = (row for _, row in rows[rows["label"] == label].iterrows())
    return found


def test_prevalence_of_a_case_worked_by_hand():
    # heels of the clothing photos: 213 of 1,094 by one group of annotators, 19 of 1,004 by another
    targets = np.zeros((2098, 1), dtype=np.int8)
    targets[:213] = targets[1094 : 1094 + 19] = 1
    slices = pd.Series(np.repeat(["tag", "pixel"], [1094, 1004]))

    table = compare_slices(SliceData(targets=targets, slices=slices, label_names=["heels"]))

    row = row_of(table, "prevalence", "heels", "tag")
    assert row[["known", "positives", "rest_known", "rest_positives"]].tolist() == [
        *(1094, 213, 1004, 19)
    ]
    assert (row["value"], row["rest"]) == pytest.approx((213 / 1094, 19 / 1004))
    for side, events, trials in (("value", 213, 1094), ("rest", 19, 1004)):
        ends = binomtest(events, trials).proportion_ci(method="wilson")
        assert (row[f"{side}_low"], row[f"{side}_high"]) == pytest.approx((ends.low, ends.high))
    one_sided = fisher_exact([[213, 881], [19, 985]], alternative="greater").pvalue
    assert row["p"] == pytest.approx(2 * one_sided)
    # Newcombe's method 10 for the difference of two independent shares
    down = np.hypot(row["value"] - row["value_low"], row["rest_high"] - row["rest"])
    assert row["difference_low"] == pytest.approx(row["difference"] - down)


def test_measures_of_a_slice_are_those_of_its_images_alone(rng):
    data = drawn(rng)
    data.targets[::11, 0] = -1

    table = compare_slices(data)

    for name in ("north", "south"):
        among = (data.slices == name).to_numpy() & (data.targets[:, 0] != -1)
        present, logits = data.targets[among, 0] == 1, data.runs[0][among, 0]
        expected = {
            "mean_prob": (1 / (1 + np.exp(-logits))).mean(),
            "average_precision": average_precision_score(present, logits),
            "auroc": roc_auc_score(present, logits),
            "recall": (logits >= 0)[present].mean(),
            "false_positive_rate": (logits >= 0)[~present].mean(),
        }
        for metric, value in expected.items():
            row = row_of(table, metric, name=name)
            assert row["value"] == pytest.approx(value)
            assert row["known"] == among.sum()
            assert row["value_low"] <= value <= row["value_high"]


def test_decisions_are_tested_exactly_and_means_over_runs_towards_no_difference(rng):
    data = drawn(rng)

    one = row_of(compare_slices(data), "recall")

    counts = [one["value"] * one["positives"], one["positives"]]
    others = [one["rest"] * one["rest_positives"], one["rest_positives"]]
    table = np.round([[counts[0], counts[1] - counts[0]], [others[0], others[1] - others[0]]])
    sides = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert one["p"] == pytest.approx(min(1, 2 * min(sides)))
    second = data.runs[0] + rng.normal(size=data.targets.shape) / 3
    both = replace(data, runs=[data.runs[0], second], thresholds=data.thresholds * 2)
    two = row_of(compare_slices(both), "recall")
    alone = row_of(compare_slices(replace(data, runs=[second])), "recall")
    assert two["value"] == pytest.approx((one["value"] + alone["value"]) / 2)
    assert 0 < two["p"] <= 1


def test_another_prevalence_changes_average_precision_and_not_auroc(rng):
    data = drawn(rng, n_images=6000, n_labels=1)
    rare = (data.slices == "north").to_numpy()
    data.targets[rare & (rng.random(6000) < 0.8)] = 0  # the rest of the positives left at random
    logits = data.targets * 1.5 + rng.normal(size=data.targets.shape)

    table = compare_slices(replace(data, runs=[logits]))

    precision, ranking = row_of(table, "average_precision"), row_of(table, "auroc")
    assert precision["difference_high"] < -0.1
    assert np.isnan(precision["p"])
    assert ranking["difference_low"] < 0 < ranking["difference_high"]
    assert ranking["p"] > 0.05


def test_only_a_planted_difference_is_found(rng):
    data = drawn(rng, n_images=2000, n_labels=20)
    north = (data.slices == "north").to_numpy()
    data.runs[0][north, 3] = rng.normal(size=north.sum())  # not ranked there at all

    table = compare_slices(data).assign(split="test")
    table["q"] = corrected_p(table)

    ranking = table[(table["metric"] == "auroc") & (table["scope"] == "label")]
    assert set(ranking.loc[ranking["q"] <= 0.05, "label"]) == {"label 3"}
    assert row_of(table, "auroc", "label 3")["difference"] < -0.2


def test_where_nothing_differs_few_p_values_are_small_and_intervals_hold_zero(rng):
    data = drawn(rng, n_images=300, n_labels=250)  # every label is a draw of its own
    frequent = compare_slices(replace(data, runs=(), thresholds=()))

    table = pd.concat([compare_slices(data), frequent]).query("slice == 'north'")

    own = table[table["scope"] == "label"]
    small = (own["p"] <= 0.05).groupby(own["metric"]).mean()
    assert (small <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 250)).all()
    held = own["difference_low"].le(0) & own["difference_high"].ge(0)
    assert (held.groupby(own["metric"]).mean() >= 0.95 - 2.6 * np.sqrt(0.05 * 0.95 / 250)).all()


def test_the_mean_is_over_labels_that_both_sides_support(rng):
    data = drawn(rng, n_labels=4)
    data.targets[(data.slices == "north").to_numpy(), 2] = 0  # no positives at one site
    logits = data.targets * 1.5 + rng.normal(size=data.targets.shape)

    table = compare_slices(replace(data, runs=[logits]))

    ranking = table.query("metric == 'auroc' and slice == 'north'")
    (mean,) = ranking.query("scope == 'mean'").to_dict("records")
    labels = ranking.query("scope == 'label'").drop(index=ranking.index[2])
    assert mean["n_labels"] == 3
    assert mean["value"] == pytest.approx(labels["value"].mean())
    assert mean["rest"] == pytest.approx(labels["rest"].mean())
    width = mean["difference_high"] - mean["difference_low"]
    widths = labels["difference_high"] - labels["difference_low"]
    assert width == pytest.approx(np.sqrt((widths**2).sum()) / 3, rel=0.1)  # labels are independent


def test_images_of_a_group_count_as_one_that_is_independent(rng):
    data = drawn(rng)
    four = np.repeat(np.arange(600), 4)  # four frames of every scene
    frames = replace(
        data,
        targets=data.targets[four],
        slices=data.slices.iloc[four].reset_index(drop=True),
        runs=[data.runs[0][four]],
        groups=four,
    )

    single, grouped, fooled = (
        compare_slices(given) for given in (data, frames, replace(frames, groups=None))
    )

    for metric in ("mean_prob", "auroc", "recall", "average_precision"):
        widths = [
            row_of(table, metric)["difference_high"] - row_of(table, metric)["difference_low"]
            for table in (single, grouped, fooled)
        ]
        assert widths[1] == pytest.approx(widths[0], rel=0.05)
        assert widths[2] < 0.6 * widths[0]


def test_what_a_group_has_on_both_sides_cancels(rng):
    data = drawn(rng, n_images=400, n_labels=1)
    twice = np.tile(np.arange(400), 2)  # every scene taken by both cameras, all but alike
    cameras = replace(
        data,
        targets=data.targets[twice],
        slices=pd.Series(np.repeat(["north", "south"], 400)),
        runs=[data.runs[0][twice] + 0.01 * rng.normal(size=(800, 1))],
    )

    apart = compare_slices(cameras)
    paired = compare_slices(replace(cameras, groups=twice))

    for metric in ("mean_prob", "auroc", "recall"):
        widths = [
            row_of(table, metric)["difference_high"] - row_of(table, metric)["difference_low"]
            for table in (paired, apart)
        ]
        assert widths[0] < 0.3 * widths[1]


def test_too_few_images_on_a_side_are_not_tested_and_take_no_power_from_others(rng):
    data = drawn(rng)
    north = (data.slices == "north").to_numpy()
    data.targets[north, 0] = 0
    data.targets[np.flatnonzero(north)[:4], 0] = 1  # four positives

    table = compare_slices(data).assign(split="test")

    assert np.isnan(row_of(table, "recall")["p"])
    assert np.isnan(row_of(table, "auroc")["p"])
    assert row_of(table, "false_positive_rate")["p"] <= 1
    q = corrected_p(table)
    assert q.isna().equals(table["p"].isna() | (table["scope"] == "mean"))


def test_the_correction_is_benjamini_and_hochbergs_within_a_split_and_metric():
    rows = pd.DataFrame({"p": [0.01, 0.02, 0.03, 0.5, 0.04]})
    rows = rows.assign(split="test", metric=["a"] * 4 + ["b"], scope="label")

    assert corrected_p(rows).tolist() == pytest.approx([0.04, 0.04, 0.04, 0.5, 0.04])


def test_the_order_of_images_changes_nothing(rng):
    data, order = drawn(rng), rng.permutation(600)

    mixed = replace(
        data,
        targets=data.targets[order],
        slices=data.slices.iloc[order],
        runs=[data.runs[0][order]],
    )

    pd.testing.assert_frame_equal(compare_slices(mixed), compare_slices(data))


def test_a_slice_of_all_images_or_none_has_no_rows(rng):
    data = drawn(rng)
    both = pd.Series(pd.Categorical(["north"] * 600, categories=["north", "south"]))

    assert compare_slices(replace(data, slices=both)).empty


def test_targets_that_are_none_are_refused(rng):
    data = drawn(rng)
    data.targets[0, 0] = 2

    with pytest.raises(ValueError, match="must be 1"):
        compare_slices(replace(data, runs=(), thresholds=()))
