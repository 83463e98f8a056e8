import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import precision_recall_curve, precision_score, recall_score

from udviz.stats.decisions.operating_points import operating_table, operating_thresholds

SCORES = np.array([[4.0], [3.0], [2.0], [1.0], [0.0], [-1.0]])
TARGETS = np.array([[1], [1], [0], [1], [0], [1]])  # precision 1, 1, 2/3, 3/4, 3/5, 4/6


def chosen(goal, level=0.5, **settings):
    return operating_thresholds(
        SCORES, TARGETS, goal=goal, level=level, min_positives=1, **settings
    )[0]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def drawn(rng, n, *, slope=1.0):
    """One label: scores whose log odds of presence are ``slope`` times the score, less 1."""
    scores = rng.normal(size=(n, 1)) * 2
    targets = rng.random((n, 1)) < 1 / (1 + np.exp(1 - slope * scores))
    return scores, targets.astype(np.int8)


@pytest.mark.parametrize(
    ("goal", "level", "expected"),
    [
        ("precision", 0.75, 1.0),  # 3/4 from there on; above it fewer are found
        ("precision", 0.8, 3.0),
        ("precision", 0.65, -1.0),  # 4/6 at the very last
        ("recall", 0.75, 1.0),  # three of four
        ("recall", 0.76, -1.0),
        ("recall", 0.5, 3.0),
    ],
)
def test_the_threshold_with_most_found_or_fewest_false_positives_is_taken(goal, level, expected):
    assert chosen(goal, level) == expected


def test_a_precision_that_no_threshold_reaches_has_none():
    scores, targets = np.array([[2.0], [1.0]]), np.array([[0], [1]])

    found = operating_thresholds(scores, targets, goal="precision", level=0.9, min_positives=1)

    assert np.isnan(found[0])


def test_too_few_positives_have_no_threshold():
    found = operating_thresholds(SCORES, TARGETS, goal="recall", level=0.5, min_positives=5)

    assert np.isnan(found[0])


def test_ties_are_predicted_together():
    scores, targets = np.array([[1.0], [1.0], [0.0]]), np.array([[1], [0], [0]])

    found = operating_thresholds(scores, targets, goal="precision", level=0.6, min_positives=1)

    assert np.isnan(found[0])  # the only threshold that finds the image has 1/2


@pytest.mark.parametrize("level", [0.3, 0.5, 0.7, 0.9])
def test_both_goals_agree_with_scikit_learns_curve(rng, level):
    scores, targets = drawn(rng, 400)
    precision, recall, thresholds = precision_recall_curve(targets[:, 0], scores[:, 0])

    at_precision = operating_thresholds(scores, targets, goal="precision", level=level)[0]
    at_recall = operating_thresholds(scores, targets, goal="recall", level=level)[0]

    assert recall[:-1][thresholds == at_precision] == recall[:-1][precision[:-1] >= level].max()
    assert at_recall == thresholds[recall[:-1] >= level].max()


def test_a_guaranteed_recall_is_the_tolerance_limit_of_a_table():
    # 59 present images: the lowest is a 95 % tolerance limit of a share of 95 % (Wilks, 1941)
    scores = np.arange(1.0, 60.0)[:, None]
    limit = {"goal": "recall", "level": 0.95, "confidence": 0.95, "min_positives": 1}

    assert operating_thresholds(scores, np.ones((59, 1), int), **limit)[0] == 1.0
    assert np.isnan(operating_thresholds(scores[:58], np.ones((58, 1), int), **limit)[0])


@pytest.mark.parametrize("goal", ["precision", "recall"])
def test_a_guarantee_holds_as_often_as_it_says(rng, goal):
    new_scores, new_targets = drawn(rng, 100_000)
    new_scores, present = new_scores[:, 0], new_targets[:, 0] == 1
    broken = found = 0
    for _ in range(300):
        scores, targets = drawn(rng, 500)
        threshold = operating_thresholds(scores, targets, goal=goal, level=0.7, confidence=0.9)[0]
        if np.isnan(threshold):
            continue
        called = new_scores >= threshold
        truth = present[called].mean() if goal == "precision" else called[present].mean()
        found += 1
        broken += bool(truth < 0.7)

    assert found > 250
    assert broken <= stats.binom.ppf(0.999, 300, 0.1)
    if goal == "recall":  # exact, so not idle either
        assert broken >= stats.binom.ppf(0.001, 300, 0.05)


def test_a_guarantee_asks_for_more_than_the_images_at_hand(rng):
    scores, targets = drawn(rng, 2000)

    for goal, sign in (("recall", -1), ("precision", 1)):
        plain = operating_thresholds(scores, targets, goal=goal, level=0.7)[0]
        sure = operating_thresholds(scores, targets, goal=goal, level=0.7, confidence=0.95)[0]
        assert sign * sure > sign * plain


def test_what_thresholds_give_is_what_scikit_learn_counts(rng):
    scores, targets = drawn(rng, 300)
    targets[::7] = -1
    known = targets[:, 0] >= 0

    table = operating_table(scores, targets, thresholds=np.array([0.4]), label_names=["a"])

    row, called = table.iloc[0], scores[known, 0] >= 0.4
    assert row["precision"] == precision_score(targets[known, 0], called)
    assert row["recall"] == recall_score(targets[known, 0], called)
    assert row["predicted_rate"] == called.mean()
    assert row["precision_low"] < row["precision"] < row["precision_high"]


def test_a_label_without_a_threshold_has_no_numbers():
    row = operating_table(SCORES, TARGETS, thresholds=np.array([np.nan]), label_names=["a"]).iloc[0]

    assert row[["precision", "recall_low", "f1", "predicted_rate"]].isna().all()
    assert row["prevalence"] == 4 / 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"goal": "recall", "level": 1.0}, "`level` must lie between 0 and 1"),
        ({"goal": "recall", "confidence": 0.0}, "`confidence` must lie between 0 and 1"),
        ({"goal": "f1", "confidence": 0.9}, "needs the goal precision or recall, got f1"),
    ],
)
def test_what_means_nothing_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        operating_thresholds(SCORES, TARGETS, **settings)


def test_thresholds_of_another_number_of_labels_are_refused():
    with pytest.raises(ValueError, match=r"`thresholds` must be \(1,\), got \(2,\)"):
        operating_table(SCORES, TARGETS, thresholds=np.zeros(2), label_names=["a"])
