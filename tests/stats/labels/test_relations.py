import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import relative_risk

from udviz.stats.labels.relations import co_occurrence, confusion_lift, top_partners


@pytest.fixture
def data(rng):
    """Label 0 sets off false positives of label 1, and of no other."""
    targets = (rng.random((2000, 4)) < 0.2).astype(np.int8)
    scores = rng.normal(size=targets.shape) + 2 * targets - 2
    scores[targets[:, 0] == 1, 1] += 1
    targets[rng.random(targets.shape) < 0.05] = -1
    return scores, targets


def test_co_occurrence_of_a_case_worked_by_hand():
    result = co_occurrence(np.array([[1, 1], [1, 0], [0, 1], [0, 0], [1, -1]], np.int8))

    assert result.together.tolist() == [[3, 1], [1, 2]]
    np.testing.assert_allclose(result.conditional, [[1, 1 / 2], [1 / 2, 1]])
    np.testing.assert_allclose(result.lift, [[5 / 3, 1], [1, 2]])


def test_labels_never_seen_together_have_no_lift():
    result = co_occurrence(np.array([[1, 0], [0, 0]], np.int8))

    assert result.conditional[0, 1] == 0
    assert np.isnan(result.conditional[1, 0])
    assert np.isnan(result.lift[0, 1])


def test_lift_of_co_occurrence_is_symmetric(data):
    lift = co_occurrence(data[1]).lift

    np.testing.assert_allclose(lift, lift.T)


def test_confusion_is_counted_pair_by_pair(data, monkeypatch):
    scores, targets = data
    monkeypatch.setattr("udviz.stats.labels.label_columns.BLOCK_CELLS", 1000)
    result = confusion_lift(scores, targets, thresholds=np.array([0.0, 0.1, 0.2, 0.3]))

    for a in range(4):
        for b in range(4):
            fires = scores[:, b] >= b / 10
            beside = (targets[:, a] == 1) & (targets[:, b] == 0)
            without = (targets[:, a] == 0) & (targets[:, b] == 0)
            assert result.false_positives[a, b] == (fires & beside).sum()
            assert result.chances[a, b] == beside.sum()
            if a != b:
                assert result.rate_without[a, b] == pytest.approx(fires[without].mean())


def test_the_interval_is_scipys_relative_risk_with_half_an_image_more(data):
    result = confusion_lift(*data, thresholds=0.0)
    alarms, chances = result.false_positives[2, 3], result.chances[2, 3]
    without = (data[1][:, 2] == 0) & (data[1][:, 3] == 0)
    alarms_without = round(result.rate_without[2, 3] * without.sum())

    # scipy takes whole counts only, so everything is doubled; its interval is then 1/sqrt(2) wide
    theirs = relative_risk(
        2 * alarms + 1, 2 * chances + 1, 2 * alarms_without + 1, 2 * int(without.sum()) + 1
    )
    assert result.lift[2, 3] == pytest.approx(theirs.relative_risk)
    half = np.log(theirs.confidence_interval(0.95).high / theirs.relative_risk)
    assert np.log(result.high[2, 3] / result.lift[2, 3]) == pytest.approx(half * np.sqrt(2))
    assert np.log(result.lift[2, 3] / result.low[2, 3]) == pytest.approx(half * np.sqrt(2))


def test_a_label_is_no_look_alike_of_itself(data):
    result = confusion_lift(*data, thresholds=0.0)

    assert np.isnan(np.diag(result.lift)).all()
    assert (np.diag(result.chances) == 0).all()


def test_the_planted_partner_is_found_and_it_alone(data):
    table = top_partners(confusion_lift(*data, thresholds=0.0, confidence=0.999))

    assert table[["column", "partner"]].to_numpy().tolist() == [[1, 0]]
    assert table["low"][0] > 1.5


def test_partners_come_surest_first_and_no_more_than_asked(rng):
    targets = (rng.random((4000, 4)) < 0.2).astype(np.int8)
    scores = rng.normal(size=targets.shape) - 1.5
    scores[:, 0] += targets[:, 1] + 2 * targets[:, 2] + 0.7 * targets[:, 3]

    confusion = confusion_lift(scores, targets, thresholds=0.0)

    assert top_partners(confusion, per_label=2)["partner"].tolist()[:2] == [2, 1]
    of_first = top_partners(confusion).query("column == 0")
    assert of_first["low"].is_monotonic_decreasing
    assert isinstance(of_first, pd.DataFrame)


def test_coverage_of_the_lift(rng):
    covered = []
    for _ in range(200):
        targets = (rng.random((800, 2)) < 0.3).astype(np.int8)
        fires = rng.random(800) < np.where(targets[:, 0] == 1, 0.2, 0.1)
        result = confusion_lift(
            np.stack([np.zeros(800), fires], axis=1), targets, thresholds=np.array([1.0, 1.0])
        )
        covered.append(result.low[0, 1] <= 2 <= result.high[0, 1])

    assert np.mean(covered) == pytest.approx(0.95, abs=0.04)


def test_refusals(data):
    scores, targets = data

    with pytest.raises(ValueError, match="must have the same shape"):
        confusion_lift(scores[:5], targets, thresholds=0.0)
    with pytest.raises(ValueError, match="`targets` must be 1"):
        co_occurrence(targets + 2)
    scores[0, 0] = np.nan
    with pytest.raises(ValueError, match="`scores` must be finite"):
        confusion_lift(scores, targets, thresholds=0.0)
