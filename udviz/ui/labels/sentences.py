"""What the numbers of a study say, in sentences."""

from pathlib import PurePath

import pandas as pd

from udviz.figures.labels.causes import CAUSES, split_causes
from udviz.figures.style.text import count, interval, number, plural, safe_markdown, shorten
from udviz.stats.comparison.headroom import headroom
from udviz.ui.frame.view import Comparison, View
from udviz.ui.labels.text_tables import supported_heads, verdict_word
from udviz.ui.load.study import Study
from udviz.vocabulary import BASELINE, DISTILLED, HELPED, HURT, INCONCLUSIVE, METHODS, Verdict

HOW_TO_READ_RANKING = (
    "Each row is a label; lines are 95 % intervals. Where the rank intervals of two labels "
    "overlap, which of them is harder is open. Names in *italics* have too few positives to be "
    "evaluated. Click a row to open the label."
)
TWO_SEEDS = (
    "Two seeds have a single difference, so the interval is wide and still holds the truth only in "
    "about 9 of 10 studies whose seeds move all labels together; a third seed mends both."
)
_MOST_NAMED = 5
_VERBS = {HELPED: "raises", HURT: "lowers", INCONCLUSIVE: "does not clearly change"}
_UNTAUGHT = ("none", "cal")  # methods without a teacher


def verdict_of(low: float, high: float) -> Verdict:
    """``helped`` or ``hurt`` where the interval leaves out zero, else ``inconclusive``."""
    if low > 0:
        return HELPED
    return HURT if high < 0 else INCONCLUSIVE


def what_was_trained(view: View) -> str:
    """What was trained on what, and which images the numbers are of, as Markdown."""
    study = view.study
    parts = [f"Study **{safe_markdown(study.path.name)}**{_data(study)}."]
    parts.append(f"{plural(len(view.models), 'model')}; the table says how each was made.")
    first = view.models.iloc[0]
    parts.append(
        f"Numbers are of the **{safe_markdown(view.split)}** split: "
        f"{plural(int(first['n_images']), 'image')}, {plural(int(first['n_labels']), 'label')}."
    )
    return " ".join(parts)


def _data(study: Study) -> str:
    """On which data, by the settings that were used; empty where they do not say."""
    kind, root = study.setting("data.kind"), study.setting("data.root")
    if kind == "scenes":
        what = "the embedded scenes"
    elif root:
        what = f"the {safe_markdown(str(kind))} data of {safe_markdown(PurePath(root).name)}"
    else:
        return ""
    side = study.setting("data.side_px")
    return f" on {what}" + (f", images of {safe_markdown(side)} px" if side else "")


def little_to_gain(validation: pd.DataFrame) -> str:
    """On how many labels the teacher is clearly better than the model before, as Markdown.

    Args:
        validation: Rows of the table `gap` of one comparison on the validation split.

    Returns:
        Empty where there is no teacher to compare with.
    """
    known = headroom(validation)
    if not known.n_labels:
        return ""
    first = validation.iloc[0]
    before, teacher = map(safe_markdown, (first["before"], first["teacher"]))
    told = (
        f"On validation {teacher} is clearly better than {before} on {len(known.better)} of "
        f"{plural(known.n_labels, 'label')}"
    )
    if not known.rest:
        return f"{told}."
    names = ", ".join(safe_markdown(shorten(name)) for name in known.rest[:_MOST_NAMED])
    n_more = len(known.rest) - _MOST_NAMED
    more = f" and {n_more} more" if n_more > 0 else ""
    expect = ": expect little of what it teaches" if known.is_little else ""
    return (
        f"{told}{expect}. About {names}{more} there is little to learn from it: train it longer, "
        "or take a larger one."
    )


def how_to_read_gains(pair: tuple[str, str]) -> str:
    """What the marks of the gains between two models mean, as Markdown."""
    before, after = map(safe_markdown, pair)
    return (
        f"Each mark is a label. Above zero {after} ranks its images better than {before}. With "
        "many labels some intervals exclude zero by chance; the verdict corrects for that. Click a "
        "mark to open the label."
    )


def how_to_read_models(view: View) -> str:
    """What the heads of the table of models mean."""
    supported, trained = supported_heads(view)
    return (
        f"{supported}; {trained}: mean AP of the labels with at least so many positive images in "
        "this split, and in training. CF1 and OF1: F1 per label and over all decisions, at a "
        "threshold of 0.5, or at those chosen on validation. SD over seeds: standard deviation of "
        "the mAP over training seeds."
    )


def model_noun(name: str, kind: str) -> str:
    """What a model is called within a sentence, as Markdown."""
    if name == kind:
        return f"the {kind}"
    return (
        f"the model {safe_markdown(name)}"
        if kind == "brought"
        else f"the {safe_markdown(name)} {kind}"
    )


def noun(view: View, name: str) -> str:
    """`model_noun` of one of the view's models."""
    kinds = dict(zip(view.models["model"], view.models["kind"], strict=True))
    return model_noun(name, kinds[name])


def whose_difficulty(view: View) -> str:
    """Which model the difficulty is of, as Markdown."""
    return (
        f"Difficulty, ranks and causes are those of the reference, {noun(view, view.reference)}; "
        "average precision is shown for every model."
    )


def is_distillation(study: Study, before: str, after: str) -> bool:
    """Whether what lies between two models is that a teacher taught the second one."""
    method = study.setting(f"students.{after}.method") or ("ud" if after == DISTILLED else "none")
    return before == BASELINE and method in METHODS and method not in _UNTAUGHT


def headline(study: Study, comparison: Comparison | None) -> str:
    """The verdict on the mean average precision, as Markdown."""
    if comparison is None or pd.isna(comparison.mean["gain"]):
        return "This study compares no two models, so there is no gain."
    mean = comparison.mean
    verdict = verdict_of(mean["gain_low"], mean["gain_high"])
    bounds = interval(mean["gain_low"], mean["gain_high"], sign=True)
    before, after = map(safe_markdown, comparison.pair)
    subject = f"Compared with {before}, {after}"
    if not mean["includes_seeds"]:
        subject = f"In this one pair of runs, {after} against {before}, the change"
    elif is_distillation(study, *comparison.pair):
        subject = f"Distillation ({after} against {before})"
    return (
        f"{subject} {_VERBS[verdict]} the mean average precision: "
        f"**{number(mean['gain'], sign=True)}** (95 % interval {bounds}), "
        f"**{verdict_word(verdict)}**."
    )


def what_is_covered(seeds: bool, teachers: bool, *, taught: bool) -> str:
    """What the interval of a gain covers besides other images, as Markdown after *which*.

    Args:
        seeds: Whether it covers training again with another seed.
        teachers: Whether it covers another teacher.
        taught: Whether there is a teacher.
    """
    if not seeds:
        return "does **not** include the variance between training seeds"
    if teachers:
        return "includes the variance between training seeds and between teachers"
    under = " of students under this one teacher" if taught else ""
    return f"includes the variance between training seeds{under}"


def how_certain(
    comparison: Comparison | None, labels: pd.DataFrame, *, taught: bool = False
) -> str:
    """What the intervals hold and what they leave out, as Markdown.

    Args:
        comparison: The comparison in view.
        labels: One row per label.
        taught: Whether the study has a teacher.
    """
    grouped = comparison is not None and bool(comparison.mean["clustered"])
    what = "groups of images" if grouped else "images of this split"
    parts = [f"Intervals are 95 %: the range expected if the {what} were sampled again."]
    if comparison is not None and pd.notna(comparison.mean["gain"]):
        mean = comparison.mean
        seeds, teachers = bool(mean["includes_seeds"]), bool(mean["includes_teachers"])
        covered = what_is_covered(seeds, teachers, taught=taught)
        again = "" if seeds else ": training again could move it further. Train several to know"
        parts.append(f"The interval of the mean gain {covered}{again}.")
        if mean["seeds"] == 2:
            parts.append(TWO_SEEDS)
        parts.append(
            "If the two models were equally good, a mean difference at least this large, in either "
            f"direction, would occur with p {_p(mean['p'])}."
        )
        parts.append(
            "A label is called helped or hurt after correction for multiple testing "
            "(Benjamini-Hochberg)."
        )
    if few := int((~labels["supported"]).sum()):
        have = "has" if few == 1 else "have"
        parts.append(f"{plural(few, 'label')} {have} too few positives to be evaluated.")
    return " ".join(parts)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {number(value)}"


def about_label(label: pd.Series, *, pair: tuple[str, str] | None) -> str:
    """Rank of one label and its gain between the models of ``pair``, as Markdown."""
    parts = []
    if pd.notna(label["difficulty_rank"]):
        ranks = interval(label["rank_low"], label["rank_high"], digits=0)
        rank = count(label["difficulty_rank"])
        parts.append(f"Difficulty rank **{rank}** (interval {ranks}).")
    elif label["positives"] and label["positives"] == label["known"]:
        parts.append("**Not measurable**: no image is known to be without it.")
    if pair and pd.notna(label["gain"]):
        bounds = interval(label["gain_low"], label["gain_high"], sign=True)
        before, after = map(safe_markdown, pair)
        parts.append(
            f"Gain of {after} against {before} **{number(label['gain'], sign=True)}** (95 % "
            f"interval {bounds}, q = {number(label['q'])}): **{verdict_word(label['verdict'])}**."
        )
    parts.append(
        f"{count(label['positives'])} of {count(label['known'])} images carry it"
        f" ({count(label['train_positives'])} in training)."
    )
    return " ".join(parts)


def causes_in_words(label: pd.Series) -> str:
    """One line per cause of a label, as a Markdown list."""
    causes = split_causes(label["causes"])
    if not causes:
        return "None of the known causes was found for this label."
    meanings = {str(cause): meaning for cause, meaning in CAUSES.items()}
    lines = [f"- **{safe_markdown(cause)}**: {meanings.get(cause, '')}" for cause in causes]
    if label["partners"]:
        lines.append(f"- Confused with: {safe_markdown(label['partners'])}")
    return "Possible causes:\n\n" + "\n".join(lines)
