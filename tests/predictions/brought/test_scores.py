import numpy as np
import pytest
from scipy.special import expit

from udviz.predictions.brought.matrix import of_array
from udviz.predictions.brought.scores import END, judged_scores, prob_logits


def scores_of(values, **told):
    return judged_scores(of_array(np.asarray(values), source="s.npz"), **told)


def test_scores_within_zero_and_one_are_taken_as_probabilities_and_that_is_said():
    found = scores_of([[0.25, 0.5]])

    assert found.scale == "probabilities"
    assert found.notes == (
        "s.npz: scores taken as probabilities, as all are in [0, 1] (else: --scores logits).",
    )
    assert found.logits(0) == pytest.approx([np.log(1 / 3)])


def test_other_scores_are_taken_as_logits_and_stay_as_they_are(rng):
    values = rng.normal(size=(50, 2)).astype(np.float32)

    found = scores_of(values)

    assert found.scale == "logits"
    assert "--scores probabilities" in found.notes[0]
    assert found.logits(1).dtype == np.float32
    np.testing.assert_array_equal(found.logits(1), values[:, 1])


def test_what_is_told_is_believed_and_nothing_is_said_of_it():
    found = scores_of([[0.25], [0.5]], told="logits")

    assert found.logits(0).tolist() == [0.25, 0.5]
    assert found.notes == ()


def test_logits_called_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\].*--scores logits.*from -2 to 0.5"):
        scores_of([[-2.0], [0.5]], told="probabilities")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_first_score_that_is_not_finite_is_named(bad):
    matrix = of_array(
        np.array([[0.1, 0.2], [0.1, bad]]),
        source="s.npz",
        ids=["a.jpg", "b.jpg"],
        label_names=["cat", "dog"],
    )

    with pytest.raises(ValueError, match=f"got {bad} for image b.jpg, label dog"):
        judged_scores(matrix)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_ranks_and_ties_of_probabilities_are_those_of_their_logits(kind, rng):
    tiny = np.finfo(kind).smallest_subnormal
    near = np.nextafter(kind(1), kind(0))
    values = np.r_[rng.random(5000) ** 4, 0, 0, 1, 1].astype(kind)
    values = np.r_[values, tiny, near, np.nextafter(values, kind(1))]

    found = prob_logits(values)

    order = np.unique(values, return_inverse=True)[1]
    if kind is not np.float64:  # float64 has too few digits for some neighbours of float64
        np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], order)
    assert np.isfinite(found).all()
    assert (found[5000:5004] == [-END, -END, END, END]).all()
    assert ((np.abs(found) < END) | (values == 0) | (values == 1)).all()
    np.testing.assert_allclose(expit(found), values.astype(np.float64), rtol=1e-12, atol=1e-300)


def test_ties_at_the_ends_are_counted_and_said():
    assert (
        "3 probabilities are exactly 0 or 1; they stay tied"
        in scores_of([[0.0, 1, 1, 0.5]]).notes[1]
    )
