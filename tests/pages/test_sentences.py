"""What the pages say, tested where it is made."""

import numpy as np
import pandas as pd
import pytest

from tests.pages.synthetic import EIGHT, names_of, write_study
from udviz.stats.inference.correlation import RankCorrelation
from udviz.ui.frame.view import view_of
from udviz.ui.labels import correlation as correlations
from udviz.ui.labels import sentences
from udviz.ui.labels.change import MeanChange, change_in_words, is_distillation
from udviz.ui.load.study import read_study


def view(tmp_path, **settings):
    study = write_study(tmp_path / "demo", names=names_of(5), **settings)
    return view_of(read_study(study), "test", pair=settings.pop("pair", None))


def with_mean(view, **changed):
    view.comparison.mean[list(changed)] = list(changed.values())
    return view.comparison


def plain(text):
    return text.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize(
    ("low", "high", "verb", "verdict"),
    [
        (0.004, 0.038, "raises", "▲ helped"),
        (-0.038, -0.004, "lowers", "▼ hurt"),
        (-0.01, 0.02, "does not clearly change", "○ inconclusive"),
    ],
)
def test_the_headline_gives_the_gain_its_interval_and_a_verdict(tmp_path, low, high, verb, verdict):
    shown = view(tmp_path)
    mean = {"gain": (low + high) / 2, "gain_low": low, "gain_high": high}
    comparison = with_mean(shown, includes_seeds=True, seeds=3, **mean)

    told = plain(sentences.headline(shown.study, comparison))

    assert told.startswith(f"Distillation (distilled against baseline) {verb} the mean")
    assert f"), **{verdict}**." in told
    assert " Of 5 labels: " in told
    assert f"(95 % interval {low:+.3f} to {high:+.3f}, which includes".replace("-", "−") in told


def test_the_mean_and_the_labels_are_told_together_with_the_label_that_counts_most(tmp_path):
    study = view(tmp_path).study
    labels = pd.DataFrame(
        {
            "label": ["cat", "dog", "owl", "ant"],
            "gain": [0.01, 0.02, -0.4, np.nan],
            "verdict": ["helped", "inconclusive", "inconclusive", ""],
        }
    )
    mean = MeanChange(gain=-0.1233, low=-0.2, high=-0.05, includes_seeds=False, seeds=1)

    told = plain(change_in_words(study, ("a", "b"), mean, labels))

    assert "lowers the mean average precision: **−0.123**" in told
    assert "Of 3 labels: **helped 1** ▲, **hurt 0** ▼, **inconclusive 2** ○." in told
    assert told.endswith(
        "The median label changes by **+0.010**; the largest single contribution to the mean, of "
        "owl, is **−0.133**."
    )


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("baseline", "distilled"), True),
        (("baseline", "cal"), False),
        (("distilled", "baseline"), False),
        (("cal", "distilled"), False),
    ],
)
def test_only_a_taught_student_against_the_baseline_is_called_distillation(tmp_path, pair, said):
    shown = view(tmp_path, models=EIGHT)

    assert is_distillation(shown.study, *pair) is said


def test_the_method_in_the_recipe_says_which_students_are_taught(tmp_path):
    shown = view(tmp_path, models=EIGHT)
    shown.study.recipe["students"] = {"kd": {"method": "kd"}, "cal": {"method": "cal"}}

    assert is_distillation(shown.study, "baseline", "kd")
    assert not is_distillation(shown.study, "baseline", "cal")


def test_other_pairs_are_named(tmp_path):
    shown = view(tmp_path, models=EIGHT)

    other = view_of(shown.study, "test", pair=("baseline", "cal"))

    told = plain(sentences.headline(shown.study, with_mean(other, includes_seeds=True, seeds=3)))

    assert told.startswith("Compared with baseline, cal ")


@pytest.mark.parametrize(("seeds", "runs"), [(1, "this one pair"), (2, "these 2 pairs")])
def test_of_fewer_than_three_seeds_the_headline_speaks_of_these_runs(tmp_path, seeds, runs):
    shown = view(tmp_path)

    told = plain(sentences.headline(shown.study, with_mean(shown, seeds=seeds)))

    assert told.startswith(f"In {runs} of runs, distilled against baseline, the change ")


def gaps(*values, bounded=True):
    return pd.DataFrame(
        {
            "before": "baseline",
            "teacher": "teacher",
            "label": [f"label {place}" for place in range(len(values))],
            "gap": values,
            "bounded": bounded,
        }
    )


def test_of_a_teacher_is_told_where_it_leads_clearly_and_where_least_and_no_forecast():
    told = plain(sentences.lead_of_teacher(gaps(0.2, -0.3, -0.1, np.nan)))

    assert told == (
        "On validation teacher is clearly better than baseline on 1 of 3 labels; its lead is "
        "smallest on label 1, label 2."
    )
    assert "on 0 of 1 label;" in sentences.lead_of_teacher(gaps(0.2, bounded=False))


def test_a_teacher_that_is_better_everywhere_has_no_smallest_lead_and_none_is_no_sentence():
    told = plain(sentences.lead_of_teacher(gaps(0.2, 0.1)))

    assert told == "On validation teacher is clearly better than baseline on 2 of 2 labels."
    assert sentences.lead_of_teacher(gaps()) == ""


def test_a_study_is_told_by_the_settings_it_was_made_with(tmp_path):
    shown = view(tmp_path)

    told = plain(sentences.what_was_trained(shown))

    assert told.startswith("Study **demo** on the embedded scenes")
    assert "Made-up numbers" not in told


def test_without_a_comparison_there_is_no_gain(tmp_path):
    shown = view(tmp_path, comparisons=())

    assert "there is no gain" in sentences.headline(shown.study, shown.comparison)


@pytest.mark.parametrize(
    ("seeds", "teachers", "said"),
    [
        (False, False, "does **not** include the variance between training seeds"),
        (True, False, "between training seeds of students under this one teacher."),
        (True, True, "includes the variance between training seeds and between teachers."),
    ],
)
def test_what_the_interval_covers_is_said(tmp_path, seeds, teachers, said):
    shown = view(tmp_path)
    comparison = with_mean(shown, includes_seeds=seeds, includes_teachers=teachers)

    assert said in sentences.how_certain(comparison, shown.labels, taught=True)


def test_without_a_teacher_nothing_is_said_of_one_and_groups_and_two_seeds_are_told(tmp_path):
    shown = view(tmp_path)
    comparison = with_mean(shown, includes_seeds=True, seeds=2, clustered=True)

    told = sentences.how_certain(comparison, shown.labels)

    assert "includes the variance between training seeds." in told
    assert "expected if the groups of images were sampled again" in told
    assert "Two seeds have a single difference" in told


@pytest.mark.parametrize(("p", "said"), [(0.0001, "p < 0.001"), (0.63, "p = 0.630")])
def test_the_probability_of_the_difference_is_said(tmp_path, p, said):
    shown = view(tmp_path)

    assert f"would occur with {said}." in sentences.how_certain(with_mean(shown, p=p), shown.labels)


def test_labels_that_cannot_be_evaluated_are_counted(tmp_path):
    shown = view(tmp_path)
    one = shown.labels.assign(supported=shown.labels["label"] != "label 0001")

    told = sentences.how_certain(shown.comparison, one)

    assert "1 label has too few positives to be evaluated." in told
    assert "too few" not in sentences.how_certain(shown.comparison, one.assign(supported=True))


@pytest.mark.parametrize(
    ("name", "kind", "noun"),
    [
        ("teacher", "teacher", "the teacher"),
        ("kd", "student", "the kd student"),
        ("mine", "brought", "the model mine"),
    ],
)
def test_a_model_has_a_name_within_a_sentence(name, kind, noun):
    assert plain(sentences.model_noun(name, kind)) == noun


def test_a_label_is_told_with_its_rank_and_gain_between_two_models(tmp_path):
    label = view(tmp_path).labels.iloc[1]

    told = plain(sentences.about_label(label, pair=("a", "b")))

    assert told.startswith("Difficulty rank **2** (interval ")
    assert f"Gain of b against a **{label['gain']:+.3f}**".replace("-", "−") in told
    assert "Gain" not in sentences.about_label(label, pair=None)


def test_an_unknown_number_of_training_images_is_a_dash(tmp_path):
    label = view(tmp_path).labels.iloc[0].copy()
    label["train_positives"] = np.nan

    assert "(– in training)" in sentences.about_label(label, pair=None)


def test_causes_are_explained_and_partners_named():
    label = pd.Series({"causes": "rare, confused", "partners": "w*lf, dog"})

    told = plain(sentences.causes_in_words(label))

    assert "- **rare**: few training images carry it." in told
    assert r"- Confused with: w\*lf\, dog" in told


def test_a_label_without_causes_says_so():
    label = pd.Series({"causes": "", "partners": ""})

    assert sentences.causes_in_words(label).startswith("None of the known causes")


@pytest.mark.parametrize(
    ("low", "high", "meaning"),
    [
        (0.1, 0.7, "labels with more difficulty gain **more**"),
        (-0.7, -0.1, "labels with more difficulty gain **less**"),
        (-0.1, 0.3, "**no clear correlation**"),
    ],
)
def test_a_correlation_is_told_from_none_by_its_interval(low, high, meaning):
    correlation = RankCorrelation(rho=(low + high) / 2, low=low, high=high, p=0.5, n=12)

    assert correlations.about_gain(correlation, "difficulty").endswith(f"12 labels): {meaning}.")


def test_a_cause_that_nearly_all_labels_share_is_said_once():
    labels = pd.DataFrame(
        {"causes": ["uncertain, rare", "uncertain", "uncertain", "uncertain", ""]}
    )
    labels["partners"] = ""

    told = sentences.shared_in_words(labels)

    assert told.count("uncertain") == 1
    assert "rare" not in told
    first, second = (
        sentences.causes_in_words(labels.loc[row], shared=["uncertain"]) for row in (0, 1)
    )
    assert "rare" in first
    assert "uncertain" not in first
    assert second == (
        "None of the known causes other than what nearly all labels share was found for this label."
    )
    assert sentences.shared_in_words(labels.head(4)) == ""  # too few labels to share anything
