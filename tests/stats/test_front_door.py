"""What notebooks hold is taken as it was meant, or refused with what to write instead."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

import udviz
from udviz import stats
from udviz.stats.comparison.gain import label_gains
from udviz.stats.ranking.ranking import average_precision

TARGETS = np.tile([[1, 0], [0, 1], [0, 0], [1, 1]], (10, 1))
SCORES = TARGETS + np.random.default_rng(0).normal(size=TARGETS.shape)
EXPECTED = average_precision(SCORES, TARGETS)
FRAME = pd.DataFrame(SCORES, columns=["cat", "dog"], index=[f"{k}.jpg" for k in range(40)])
TARGET_FRAME = pd.DataFrame(TARGETS, columns=FRAME.columns, index=FRAME.index)


@pytest.mark.parametrize(
    ("scores", "targets"),
    [
        (SCORES.tolist(), TARGETS.tolist()),
        (SCORES, TARGETS.astype(bool)),
        (SCORES, TARGETS.astype(float)),
        (torch.tensor(SCORES, requires_grad=True), torch.tensor(TARGETS)),
        (list(torch.tensor(SCORES)), list(torch.tensor(TARGETS))),
        (FRAME, TARGET_FRAME),
        (FRAME[["dog", "cat"]].sample(frac=1, random_state=0), TARGET_FRAME),
        (pd.DataFrame(SCORES, index=FRAME.index), TARGET_FRAME),
        (SCORES, TARGET_FRAME.astype("Int64")),
        (SCORES, TARGET_FRAME.astype("boolean")),
        (SCORES, sparse.csr_matrix(TARGETS)),
        (np.asfortranarray(SCORES), np.ma.masked_array(TARGETS)),
    ],
)
def test_numbers_of_any_kind_give_the_same_result(scores, targets):
    np.testing.assert_allclose(stats.average_precision(scores, targets), EXPECTED)


def test_half_precision_is_taken():
    scores = torch.tensor(SCORES).bfloat16()

    result = stats.average_precision(scores, TARGETS)

    np.testing.assert_allclose(result, average_precision(scores.double().numpy(), TARGETS))


@pytest.mark.parametrize("kind", [list, np.asarray, pd.Series, torch.tensor])
def test_a_single_label_needs_no_second_axis(kind):
    scores, targets = kind(SCORES[:, 0].tolist()), kind(TARGETS[:, 0].tolist())

    np.testing.assert_allclose(stats.average_precision(scores, targets), EXPECTED[:1])
    gains = stats.label_gains([scores, scores], [scores, scores], targets)
    assert gains.includes_seed_variance


def test_masked_targets_are_unknown():
    unknown = np.arange(80).reshape(40, 2) % 7 == 0
    expected = average_precision(SCORES, np.where(unknown, -1, TARGETS))

    masked = np.ma.masked_array(TARGETS, unknown)
    asked = np.ma.masked_invalid(np.where(unknown, np.nan, TARGETS))

    np.testing.assert_allclose(stats.average_precision(SCORES, masked), expected)
    np.testing.assert_allclose(stats.average_precision(SCORES, asked), expected)
    assert (expected != EXPECTED).all()


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (np.where(TARGETS == 1, 1, -1), r"`\(targets \+ 1\) // 2`"),
        (np.where(TARGETS == 1, np.nan, 0), r"40 NaN.*`np\.ma\.masked_invalid\(targets\)`"),
        (TARGET_FRAME.astype("Int64").replace(1, pd.NA), r"40 NaN.*fillna"),
        (TARGETS + 1, "1 .present., 0 .absent. or -1"),
        (TARGETS.astype(str), "must hold numbers"),
        (TARGETS[None], r"shape \(N, L\) or \(N,\)"),
        ([[1, 0], [1]], "rows of equal length"),
        (TARGET_FRAME.rename(columns={"dog": "owl"}), r"same columns.*cat, dog.*cat, owl"),
        (TARGET_FRAME.iloc[:, [0, 0]], "same columns, each once"),
        (TARGET_FRAME.set_index(pd.Index(range(40))), r"same rows.*scores\.to_numpy\(\)"),
    ],
)
def test_targets_that_may_mean_something_else_are_refused(targets, told):
    with pytest.raises((ValueError, TypeError), match=told):
        stats.average_precision(FRAME, targets)


def test_the_names_of_columns_name_the_labels():
    difficulty = stats.label_difficulty(FRAME, TARGET_FRAME)
    gains = stats.label_gains(FRAME, FRAME, TARGETS)

    assert set(difficulty["label"]) == {"cat", "dog"}
    assert gains.table["label"].tolist() == ["cat", "dog"]
    plain = stats.label_gains(SCORES, SCORES, TARGETS).table
    pd.testing.assert_frame_equal(gains.table.drop(columns="label"), plain)
    with pytest.raises(TypeError, match="label_names"):
        stats.label_difficulty(SCORES, TARGETS)


def test_frames_in_two_orders_need_targets_with_names():
    turned = FRAME[["dog", "cat"]]

    named = stats.label_gains(FRAME, turned, TARGET_FRAME).table
    with pytest.raises(ValueError, match="same columns in one order"):
        stats.label_gains(FRAME, turned, TARGETS)

    assert (named["gain"] == 0).all()


def test_infinite_scores_are_beyond_all_others_and_said():
    infinite = SCORES.copy()
    infinite[[0, 1], 0] = [np.inf, -np.inf]
    finite = SCORES.copy()
    finite[[0, 1], 0] = [1e6, -1e6]

    with pytest.warns(UserWarning, match=r"`before_scores` holds 2 infinite values.*745"):
        found = stats.label_gains(infinite, SCORES, TARGETS)
    pd.testing.assert_frame_equal(found.table, label_gains(finite, SCORES, TARGETS).table)
    noted = udviz.compare(infinite, SCORES, TARGETS, label_names=["a", "b"]).notes
    assert any("2 infinite values" in note for note in noted)


def test_probabilities_are_not_taken_for_logits():
    probs = 1 / (1 + np.exp(-SCORES))

    with pytest.raises(ValueError, match="as probabilities do"):
        stats.fit_temperature(probs, TARGETS)


def test_probabilities_of_exactly_zero_and_one_are_counted():
    probs = np.where(TARGETS == 1, 1.0, 0.0)

    np.testing.assert_array_equal(stats.brier_score(probs, TARGETS), [0, 0])
    assert stats.reliability_bins(probs.tolist(), TARGETS.tolist()).count.sum() == 80


def test_a_notebook_compares_lists_and_tensors():
    names = ["cat", "dog"]
    expected = udviz.compare(SCORES, 2.0 * SCORES, TARGETS, label_names=names).gains

    lists = udviz.compare(
        SCORES.tolist(), [torch.tensor(2.0 * SCORES)], TARGETS.tolist(), label_names=names
    )

    pd.testing.assert_frame_equal(lists.gains, expected)
    with pytest.raises(ValueError, match=r"`\(targets \+ 1\) // 2`"):
        udviz.compare(SCORES, SCORES, np.where(TARGETS == 1, 1, -1))
