import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from udviz.stats.difficulty.rank_draws import redraw_precision
from udviz.stats.difficulty.ranks import difficulty_ranks, rank_table
from udviz.stats.ranking.prevalence import chance_average_precision
from udviz.stats.ranking.ranking import average_precision


def drawn(rng, separations, *, n_images=400, prevalence=0.25):
    targets = (rng.random((n_images, len(separations))) < prevalence).astype(np.int8)
    logits = np.array(separations) * (targets - 0.5) + rng.standard_normal(targets.shape)
    return 1 / (1 + np.exp(-logits)), targets


def names(n_labels):
    return [f"label {k}" for k in range(n_labels)]


def test_difficulty_of_a_case_worked_by_hand():
    targets = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]])
    probs = np.array([[0.9, 0.2, 0.5], [0.4, 0.9, 0.5], [0.3, 0.5, 0.5]])

    table = difficulty_ranks([probs], targets, label_names=["easy", "hard", "absent"])

    # chance is (1 + 1/2 + 1/3) / 3 = 11/18; the hard label's AP is 1/3
    np.testing.assert_allclose(table["chance"], [11 / 18, 11 / 18, np.nan])
    np.testing.assert_allclose(table["difficulty"], [0.0, (2 / 3) / (7 / 18), np.nan])
    np.testing.assert_allclose(table["difficulty_rank"], [2, 1, np.nan])


def test_difficulty_is_the_mean_over_the_models_of_known_images(rng):
    probs, targets = drawn(rng, [1.0, 2.0])
    other, _ = drawn(rng, [0.0, 0.0])
    targets[::3, 0] = -1

    table = difficulty_ranks([probs, other], targets, label_names=names(2)).set_index("column")

    known = targets[:, 0] >= 0
    chance = chance_average_precision(table["positives"].to_numpy(), table["known"].to_numpy())
    ap = [average_precision_score(targets[known, 0], p[known, 0]) for p in (probs, other)]
    np.testing.assert_allclose(
        table.loc[0, "difficulty"], (1 - np.mean(ap)) / (1 - chance[0]), atol=1e-9
    )


def test_random_scores_have_a_difficulty_of_one_at_any_prevalence(rng):
    targets = np.concatenate(
        [rng.random((400, 60)) < 0.5, np.arange(400)[:, None] < np.full(60, 6)], axis=1
    ).astype(np.int8)

    table = difficulty_ranks([rng.random((400, 120))], targets, label_names=names(120))

    by_column = table["difficulty"].to_numpy()
    for difficulty in (by_column[:60], by_column[60:]):
        assert abs(difficulty.mean() - 1) < 4 * difficulty.std() / np.sqrt(60)


def test_the_intervals_cover_the_true_difficulty_and_the_true_rank(rng):
    separations = [1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4]
    large, targets = drawn(rng, separations, n_images=100_000)
    truth = (1 - average_precision(large, targets)) / 0.75  # chance is the prevalence of 1/4

    places = np.arange(1, 9)  # the true ranks

    ranks, difficulties = [], []
    for _ in range(40):
        probs, targets = drawn(rng, separations)
        table = difficulty_ranks([probs], targets, label_names=names(8))
        ranks.append(table["rank_low"].le(places) & table["rank_high"].ge(places))
        difficulties.append(table["difficulty_low"].le(truth) & table["difficulty_high"].ge(truth))

    assert np.mean(ranks) > 0.93
    assert 0.91 < np.mean(difficulties) < 0.99


def test_labels_far_apart_keep_their_ranks_and_equal_ones_share_them(rng):
    probs, targets = drawn(rng, [0.5, 2.0, 2.0, 6.0], n_images=2000)

    table = difficulty_ranks([probs], targets, label_names=names(4)).set_index("column")

    assert table.loc[[0, 3], ["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [4, 4]]
    assert (table.loc[[1, 2], ["rank_low", "rank_high"]] == [2, 3]).all(axis=None)


def test_what_cannot_be_ranked_is_refused(rng):
    probs, targets = drawn(rng, [1.0, 2.0])

    with pytest.raises(ValueError, match="must hold at least one array, got none"):
        difficulty_ranks([], targets, label_names=names(2))
    with pytest.raises(ValueError, match="`label_names` must hold one name per label"):
        difficulty_ranks([probs], targets, label_names=["a"])
    with pytest.raises(ValueError, match="`confidence` must lie in"):
        difficulty_ranks([probs], targets, label_names=names(2), confidence=1.0)


def test_a_label_with_too_few_positives_has_a_difficulty_and_no_rank(rng):
    targets = np.zeros((200, 3), dtype=np.int8)
    targets[:40, 0] = targets[:30, 2] = targets[0, 1] = 1
    scores = rng.normal(size=targets.shape) + 2.0 * targets * [1, -3, 1]

    table = rank_table(
        redraw_precision([scores], targets), label_names=["a", "b", "c"], min_positives=20
    )

    assert table["difficulty_rank"].isna().tolist() == [False, True, False]
    assert sorted(table["difficulty_rank"].dropna()) == [1, 2]
    assert table["rank_high"].max() == 2
    assert table[["difficulty_low", "difficulty_high"]].notna().all(axis=None)
