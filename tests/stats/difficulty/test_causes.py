import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from udviz.stats.difficulty.causes import LabelFacts, cause_evidence
from udviz.stats.labels.probabilities import prob_logits
from udviz.vocabulary import CAUSES

NAMES = ("plain", "twin", "twin too", "scarce", "blurred", "timid")


@pytest.fixture
def study(rng):
    """Calibrated but for the last label; four of six labels are hard, each for one reason."""
    prevalence = np.array([0.2, 0.2, 0.2, 0.004, 0.2, 0.2])
    strength = np.array([4.5, 4.5, 4.5, 4.5, 0.7, 4.5])
    targets = (rng.random((3000, 6)) < prevalence).astype(np.int8)
    evidence = strength * targets + rng.standard_normal(targets.shape)
    alike = rng.random((3000, 2)) < 0.5  # images where a twin cannot be told from the other
    evidence[:, 1] += 4.5 * alike[:, 0] * targets[:, 2] * (1 - targets[:, 1])
    evidence[:, 2] += 4.5 * alike[:, 1] * targets[:, 1] * (1 - targets[:, 2])
    odds = np.log(prevalence / (1 - prevalence))
    probs = expit(strength * (evidence - strength / 2) + odds)
    probs[:, 1:3] *= 0.2 / (0.2 + 0.8 * 0.2 * 0.5)  # share of the sightings that are the label
    probs[:, 5] *= 0.6
    return prob_logits(probs), targets


def facts_of(**values):
    plain = {"area": np.full(6, 0.1), "visible": np.ones(6)}
    return LabelFacts(**(plain | values))


def named(evidence):
    return {
        name: [cause for cause in CAUSES if evidence.loc[row, cause]]
        for row, name in enumerate(NAMES)
    }


def test_every_cause_built_in_is_found_and_no_other(study):
    found = named(cause_evidence(*study, label_names=NAMES, facts=facts_of()))

    assert found == {
        "plain": [],
        "twin": ["confused"],
        "twin too": ["confused"],
        "scarce": ["rare"],
        "blurred": ["uncertain"],
        "timid": ["miscalibrated"],
    }


def test_small_and_occluded_come_from_the_objects(study):
    area, visible = np.full(6, 0.1), np.full(6, np.nan)
    area[1], visible[2] = 0.004, 0.3

    evidence = cause_evidence(
        *study, label_names=NAMES, facts=LabelFacts(area=area, visible=visible)
    )

    assert evidence["small"].tolist() == [False, True, False, False, False, False]
    assert evidence["occluded"].tolist() == [False, False, True, False, False, False]


def test_training_positives_decide_what_is_rare_where_they_are_known(study):
    given = np.array([900, 1000, 1000, 1000, 200, 1100])

    evidence = cause_evidence(*study, label_names=NAMES, facts=facts_of(train_positives=given))

    assert evidence["rare"].tolist() == [False, False, False, False, True, False]
    assert evidence["train_positives"].tolist() == given.tolist()


def test_twenty_training_positives_are_just_enough_not_to_be_rare(study):
    evidence = cause_evidence(
        *study,
        label_names=NAMES,
        facts=facts_of(train_positives=np.array([19, 20, 30, 40, 40, 40])),
    )

    assert evidence["rare"].tolist() == [True, False, False, False, False, False]


def test_a_rarer_label_is_expected_to_have_a_lower_ap(study):
    expected = cause_evidence(*study, label_names=NAMES)["expected_ap"]

    assert expected[3] < expected[0] - 0.05


@pytest.mark.parametrize(
    ("unmarked", "expected", "marked", "suspect"),
    [
        (12, 2, 100, True),
        (6, 2, 100, False),  # beyond chance, but 4 more than expected are less than 5 in 100
        (12, 7, 100, False),  # 5 more, but one label in six may have them by chance
        (12, 2, 9, False),  # too few marked ones to compare with
        (12, 10, 30, False),  # exact probabilities give as many
        (0, 0, 100, False),
        (np.nan, np.nan, np.nan, False),  # not judged
    ],
)
def test_labels_are_suspect_where_the_surest_images_lack_marks_beyond_chance_and_in_number(
    study, unmarked, expected, marked, suspect
):
    columns = ["surest_unmarked", "surest_expected", "surest_marked"]
    columns += ["surest_expected_sd", "surest_excess_sd"]
    counts = pd.DataFrame(0.0, index=range(6), columns=columns).assign(
        missing=0.0, extra=0.0, missing_unexplained=0.0, doubted_share=0.0
    )
    spread = np.sqrt(unmarked)  # about what so many unmarked images show themselves
    counts.loc[2, columns] = [unmarked, expected, marked, np.sqrt(0.98 * expected), spread]

    evidence = cause_evidence(*study, label_names=NAMES, facts=facts_of(suspects=counts))

    assert evidence["missing annotations"].tolist() == [False, False, suspect, False, False, False]


def test_the_evidence_names_the_look_alike(study):
    evidence = cause_evidence(*study, label_names=NAMES)

    assert evidence["partners"].tolist() == ["", "twin too", "twin", "", "", ""]
    assert (evidence.loc[[1, 2], "partner_lift_low"] > 2).all()
    assert (evidence["partner_lift_low"] < evidence["partner_lift"]).loc[[1, 2]].all()
    assert evidence.loc[0, "partner_lift":"partner_share"].isna().all()


def test_a_coin_toss_has_all_of_its_entropy_left():
    targets = np.array([[1], [0], [1], [0]])

    evidence = cause_evidence(np.zeros((4, 1)), targets, label_names=["coin"])

    np.testing.assert_allclose(evidence.loc[0, "entropy"], np.log(2))
    np.testing.assert_allclose(evidence.loc[0, "entropy_share"], 1.0)


def test_a_calibration_error_that_is_sure_but_tiny_is_no_cause(rng):
    probs = rng.beta(2.0, 6.0, size=(40_000, 1))
    targets = (rng.random(probs.shape) < probs - 0.02).astype(np.int8)

    evidence = cause_evidence(prob_logits(probs), targets, label_names=["dog"])

    assert evidence.loc[0, "miscalibration_q"] < 1e-6
    assert not evidence.loc[0, "miscalibrated"]


def test_timid_probabilities_are_miscalibrated_and_not_uncertain(study):
    logits, targets = study
    timid = 0.2 * np.clip(logits, -13.8, 13.8)

    evidence = cause_evidence(timid, targets, label_names=NAMES)

    assert evidence.loc[0, "entropy"] > np.log(2) / 2
    assert evidence.loc[0, "miscalibrated"]
    assert not evidence.loc[0, "uncertain"]


def test_a_label_that_nobody_knows_has_no_cause_but_being_rare(study):
    logits, targets = study
    targets[:, 0] = -1

    evidence = cause_evidence(logits, targets, label_names=NAMES)

    assert named(evidence)["plain"] == ["rare"]
    assert evidence.loc[0, ["ece", "entropy", "doubted_share"]].isna().all()


def test_facts_of_other_labels_are_refused(study):
    with pytest.raises(ValueError, match=r"`facts\.area` must hold one value per label, got 2"):
        cause_evidence(*study, label_names=NAMES, facts=LabelFacts(area=np.ones(2)))
