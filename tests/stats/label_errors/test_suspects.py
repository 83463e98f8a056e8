import numpy as np
import pandas as pd
import pytest
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from udviz.stats.calibration.platt import fit_platt
from udviz.stats.label_errors.surest import unmarked_p_value
from udviz.stats.label_errors.suspects import find_suspects
from udviz.stats.labels.probabilities import prob_logits


def suspects_of(probs, targets, **settings):
    return find_suspects(prob_logits(probs), targets, **settings)


@pytest.fixture(scope="module")
def unmarked():
    """Out-of-sample probabilities where two of twelve labels miss 15 % of their marks."""
    rng = np.random.default_rng(3)
    n_images, n_labels, width = 1500, 12, 24
    truth = rng.random((n_images, n_labels)) < rng.uniform(0.06, 0.2, n_labels)
    directions = rng.standard_normal((n_labels, width))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    strength = np.r_[5.5, 5.5, np.full(5, 2.5), np.full(5, 5.0)]  # columns 2 to 6 are just hard
    features = (truth * strength) @ directions + rng.standard_normal((n_images, width))
    marked = truth.copy()
    for label in (0, 1):
        present = np.flatnonzero(truth[:, label])
        marked[rng.permutation(present)[: round(0.15 * present.size)], label] = False
    model = LogisticRegression(solver="newton-cholesky")
    columns = [
        cross_val_predict(model, features, marked[:, k], cv=2, method="predict_proba")[:, 1]
        for k in range(n_labels)
    ]
    return np.stack(columns, axis=1), marked.astype(np.int8), truth


NAMES = [f"label {k}" for k in range(12)]


def test_planted_errors_are_found_better_than_by_loss(unmarked):
    probs, targets, truth = unmarked
    wrong = (targets == 1) != truth

    first = suspects_of(probs, targets, label_names=NAMES).table.head(30)

    loss = np.where(targets == 1, 1 - probs, probs)
    by_loss = wrong.ravel()[np.argsort(-loss, axis=None)[:30]].mean()
    found = wrong[first["image"], first["column"]].mean()
    assert found > by_loss + 0.15
    assert found > 0.5
    assert (first["direction"] == "missing").mean() > 0.9


def test_labels_that_miss_marks_have_doubts_in_one_direction_and_hard_labels_in_both(unmarked):
    probs, targets, _ = unmarked

    counts = suspects_of(probs, targets, label_names=NAMES).counts

    one_sided = counts["missing"] / (counts["missing"] + counts["extra"])
    assert (one_sided[:2] > 0.8).all()
    assert (one_sided[2:7] < 0.7).all()


def test_doubts_and_scores_are_those_of_cleanlabs_multi_label_module(unmarked):
    probs, targets, _ = unmarked
    as_lists = [np.flatnonzero(row).tolist() for row in targets]

    table = suspects_of(probs, targets, label_names=NAMES).table

    doubted = find_multilabel_issues_per_class(as_lists, probs, n_jobs=1)
    quality = get_label_quality_scores_per_class(as_lists, probs, adjust_pred_probs=True)
    ours = np.zeros_like(doubted)
    ours[table["image"], table["column"]] = True
    np.testing.assert_array_equal(ours, doubted)
    np.testing.assert_allclose(table["quality"], quality[table["image"], table["column"]])
    assert table["quality"].is_monotonic_increasing


def test_the_one_mark_that_contradicts_a_sure_model_is_the_first_suspect():
    probs = np.where(np.arange(40) < 20, 0.95, 0.05)[:, None]
    targets = (probs > 0.5).astype(np.int8)
    targets[3] = 0  # present, not marked

    suspects = suspects_of(probs, targets, label_names=["dog"])

    first = suspects.table.iloc[0]
    assert (first["image"], first["direction"]) == (3, "missing")
    assert first["prob"] == pytest.approx(0.95)
    assert suspects.counts.loc[0, ["missing", "extra", "doubted_share"]].tolist() == [1, 0, 1 / 40]


def test_unknown_targets_are_never_suspects_and_rows_stay_image_indices(unmarked):
    probs, targets, _ = unmarked
    hidden = targets.copy()
    hidden[::2] = -1

    suspects = suspects_of(np.asfortranarray(probs), hidden, label_names=NAMES)

    half = suspects_of(probs[1::2], targets[1::2], label_names=NAMES)
    expected = half.table.assign(image=half.table["image"] * 2 + 1)
    pd.testing.assert_frame_equal(suspects.table, expected)
    pd.testing.assert_frame_equal(suspects.counts, half.counts)


def test_a_missing_mark_beside_a_look_alike_is_explained():
    probs = np.tile(np.where(np.arange(40) < 20, 0.95, 0.05)[:, None], 2)
    targets = (probs > 0.5).astype(np.int8)
    targets[[3, 4, 5], 0] = 0
    targets[:, 1] = 0
    targets[[3, 10, 11, 12, 13], 1] = 1  # the partner is present on image 3, not on 4 and 5
    partners = pd.DataFrame({"column": [0], "partner": [1]})

    counts = suspects_of(probs, targets, label_names=["a", "b"], partners=partners).counts

    assert counts.loc[0, ["missing", "missing_unexplained"]].tolist() == [3, 2]


def test_the_surest_images_are_those_above_the_median_marked_one():
    prob = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.95, 0.75, 0.65, 0.2, 0.1, 0.1, 0.1])
    targets = np.zeros((12, 2), dtype=np.int8)
    targets[:5, 0] = 1  # their median is 0.7
    targets[6, 1] = 1  # a partner is present on one of the two unmarked images above it
    partners = pd.DataFrame({"column": [0], "partner": [1]})

    counts = suspects_of(
        np.stack([prob, prob], axis=1), targets, label_names=["a", "b"], partners=partners
    ).counts

    absences = 1 - np.array([0.9, 0.8, 0.7, 0.95])
    assert counts.loc[0, ["surest_marked", "surest_unmarked"]].tolist() == [3, 1]
    np.testing.assert_allclose(counts.loc[0, "surest_expected"], absences.sum())
    np.testing.assert_allclose(
        counts.loc[0, "surest_expected_sd"] ** 2, (absences * (1 - absences)).sum()
    )
    assert counts.loc[1, "surest_marked":].isna().all()  # one mark alone is not judged


def test_marks_missing_at_random_are_told_from_labels_that_are_merely_hard(unmarked):
    probs, targets, _ = unmarked
    put_right = fit_platt(prob_logits(probs), targets)

    counts = suspects_of(probs, targets, label_names=NAMES, recalibration=put_right).counts

    p = unmarked_p_value(counts)
    assert (p[:2] < 0.03).all()
    assert (p[2:] > 0.05).all()


def test_probabilities_that_are_too_high_throughout_cast_no_doubt_once_put_right(unmarked):
    probs, targets, _ = unmarked
    high = expit(logit(probs) + 2.0)

    put_right = suspects_of(
        high, targets, label_names=NAMES, recalibration=fit_platt(prob_logits(high), targets)
    )

    raw = suspects_of(high, targets, label_names=NAMES).counts["missing"]
    fair = suspects_of(probs, targets, label_names=NAMES).counts["missing"]
    assert raw.sum() > 1.5 * fair.sum()
    np.testing.assert_allclose(put_right.counts["missing"].sum(), fair.sum(), rtol=0.2)
    first = put_right.table.iloc[0]
    assert first["prob"] == pytest.approx(high[first["image"], first["column"]])


def test_a_label_with_too_few_present_or_absent_images_is_not_judged(rng):
    targets = np.zeros((30, 3), dtype=np.int8)
    targets[:4, 0] = 1
    targets[:26, 1] = 1
    targets[:, 2] = -1

    suspects = suspects_of(rng.random((30, 3)), targets, label_names=["a", "b", "c"])

    assert suspects.table.empty
    assert suspects.counts["missing"].isna().all()
    assert suspects.counts["known"].tolist() == [30, 30, 0]


def test_the_table_holds_the_worst_of_each_label_and_the_counts_hold_all(unmarked):
    probs, targets, _ = unmarked

    few = suspects_of(probs, targets, label_names=NAMES, most_per_label=2)

    every = suspects_of(probs, targets, label_names=NAMES)
    assert few.table.groupby("column").size().max() == 2
    assert few.table.iloc[0].equals(every.table.iloc[0])
    pd.testing.assert_frame_equal(few.counts, every.counts)


def test_missing_scores_and_missing_names_are_refused():
    with pytest.raises(ValueError, match="`logits` must be finite"):
        find_suspects(np.array([[np.nan]]), np.array([[1]]), label_names=["a"])
    with pytest.raises(ValueError, match="`label_names` must hold one name per label"):
        suspects_of(np.array([[0.3]]), np.array([[1]]), label_names=[])
