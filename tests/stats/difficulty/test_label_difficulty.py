import numpy as np
import pandas as pd
import pytest

from udviz.stats.difficulty.causes import LabelFacts, cause_evidence
from udviz.stats.difficulty.label_difficulty import label_difficulty
from udviz.stats.difficulty.ranks import difficulty_ranks
from udviz.stats.label_errors.suspects import find_suspects
from udviz.vocabulary import CAUSES


def drawn(rng, separations, *, n_images=400):
    targets = (rng.random((n_images, len(separations))) < 0.25).astype(np.int8)
    logits = np.array(separations) * (targets - 0.5) + rng.standard_normal(targets.shape)
    return logits, targets


def test_labels_come_worst_first_and_those_without_positives_last(rng):
    logits, targets = drawn(rng, [3.0, 1.0, 0.0, 2.0])
    targets[:, 2] = 0

    table = label_difficulty([logits], targets, label_names=["a", "b", "c", "d"])

    assert table["label"].tolist() == ["b", "d", "a", "c"]
    ranks = difficulty_ranks([logits], targets, label_names=["a", "b", "c", "d"])
    by_column = table.sort_values("column", ignore_index=True)
    pd.testing.assert_frame_equal(by_column[ranks.columns], ranks)


def test_difficulty_is_the_mean_over_models_and_causes_are_judged_on_the_first(rng):
    logits, targets = drawn(rng, [3.0, 1.0])
    other, _ = drawn(rng, [0.0, 0.0])

    table = label_difficulty([logits, other], targets, label_names=["a", "b"])

    first = cause_evidence(logits, targets, label_names=["a", "b"])
    by_column = table.sort_values("column", ignore_index=True)
    for name in ("ece", "entropy", "expected_ap"):
        assert by_column[name].tolist() == first[name].tolist()
    alone = label_difficulty([logits], targets, label_names=["a", "b"])
    assert (table["average_precision"].to_numpy() < alone["average_precision"].to_numpy()).all()


def test_the_order_of_labels_and_images_changes_no_label(rng):
    logits, targets = drawn(rng, [0.5, 1.0, 3.0])
    rows, columns = rng.permutation(400), [2, 0, 1]

    table = label_difficulty([logits], targets, label_names=["a", "b", "c"])
    moved = label_difficulty(
        [np.asfortranarray(logits[rows][:, columns])],
        targets[rows][:, columns],
        label_names=["c", "a", "b"],
    )

    same = ["label", "difficulty", "difficulty_rank", "causes", "ece", "entropy", "expected_ap"]
    pd.testing.assert_frame_equal(table[same], moved[same])


def test_causes_are_listed_in_their_fixed_order_beside_their_evidence(rng):
    logits, targets = drawn(rng, [0.3, 4.0, 4.0], n_images=1500)
    targets[:, 0] &= rng.random(1500) < 0.02  # now rare, and probabilities far too high
    facts = LabelFacts(suspects=find_suspects(logits, targets * 0, label_names=list("abc")).counts)

    table = label_difficulty([logits], targets, label_names=["a", "b", "c"], facts=facts)

    table = table.set_index("label")

    assert table.loc["a", "causes"] == "rare, miscalibrated, uncertain"
    assert {"expected_ap", "partners", "doubted_share", "ece_excess", "area"} <= set(table.columns)
    assert not set(CAUSES) & set(table.columns)


def test_probabilities_are_refused(rng):
    logits, targets = drawn(rng, [1.0, 2.0])

    with pytest.raises(ValueError, match="`logits` must be logits"):
        label_difficulty([1 / (1 + np.exp(-logits))], targets, label_names=["a", "b"])
