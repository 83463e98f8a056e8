"""What the numbers of a study say, in sentences."""

from collections.abc import Collection
from pathlib import PurePath

import pandas as pd

from udviz.figures.labels.causes import CAUSES, shared_causes, split_causes
from udviz.figures.style.text import (
    count,
    interval,
    number,
    p_equals,
    plural,
    safe_markdown,
    shorten,
)
from udviz.stats.comparison.headroom import headroom
from udviz.ui.frame.view import Comparison, View
from udviz.ui.labels.change import NO_COMPARISON, MeanChange, change_in_words, what_is_covered
from udviz.ui.labels.text_tables import told_apart, verdict_word
from udviz.ui.load.study import Study
from udviz.vocabulary import AVERAGE_PRECISION, METRICS, Metric

DIFFICULTY = (
    "The hardest label is the one whose AP gets least of the way from a random ranking (the grey "
    "tick) to a perfect one, so a frequent label can be hard at a high AP."
)
HOW_TO_READ_RANKING = (
    f"Each row is a label; lines are 95 % intervals. {DIFFICULTY} Where the rank intervals of two "
    "labels overlap, which of them is harder is open. Names in *italics*, below the line, have too "
    "few positives to be evaluated or ranked. Click a row to open the label."
)
TWO_SEEDS = (
    "Two seeds have a single difference, so the interval is wide and still holds the truth only in "
    "about 9 of 10 studies whose seeds move all labels together; a third seed mends both."
)
_MOST_NAMED = 5


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
    root = study.setting("data.root")
    if study.setting("data.kind") == "scenes":
        what = "the embedded scenes"
    elif root:
        what = f"the data in {safe_markdown(PurePath(root).name)}"
    else:
        return ""
    side = study.setting("data.side_px")
    return f" on {what}" + (f", images of {safe_markdown(side)} px" if side else "")


def lead_of_teacher(validation: pd.DataFrame) -> str:
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
    names = ", ".join(safe_markdown(shorten(name)) for name in known.rest[:_MOST_NAMED])
    return f"{told}; its lead is smallest on {names}." if names else f"{told}."


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
    heads = told_apart(view)
    means = (
        f"{'; '.join(heads)}: mean AP of the labels with at least so many positive images. "
        if heads
        else ""
    )
    return (
        f"{means}At a threshold of 0.5, or those chosen on validation: CF1, "
        "the harmonic mean of the mean precision and the mean recall of the labels; macro F1, the "
        "mean of the labels' own F1; OF1, the F1 over all decisions. SD over seeds: standard "
        "deviation of the mAP over training seeds."
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


def headline(study: Study, comparison: Comparison | None) -> str:
    """What the chosen change does, on average and label by label, as Markdown."""
    if comparison is None or pd.isna(comparison.mean["gain"]):
        return NO_COMPARISON
    mean = MeanChange.of_row(comparison.mean)
    return change_in_words(study, comparison.pair, mean, comparison.labels)


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
            f"direction, would occur with p {p_equals(mean['p'])}."
        )
        parts.append(
            "A label is called helped or hurt after correction for multiple testing "
            "(Benjamini-Hochberg)."
        )
    if few := int((~labels["supported"]).sum()):
        have = "has" if few == 1 else "have"
        parts.append(f"{plural(few, 'label')} {have} too few positives to be evaluated.")
    return " ".join(parts)


def about_label(
    label: pd.Series, *, pair: tuple[str, str] | None, metric: Metric = AVERAGE_PRECISION
) -> str:
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
            f"{gain_in(metric)} of {after} against {before} "
            f"**{number(label['gain'], sign=True)}** (95 % interval {bounds}, "
            f"q {p_equals(label['q'])}): **{verdict_word(label['verdict'])}**."
        )
    parts.append(
        f"{count(label['positives'])} of {count(label['known'])} images carry it"
        f" ({count(label['train_positives'])} in training)."
    )
    return " ".join(parts)


def gain_in(metric: Metric) -> str:
    """What a gain is called; in average precision it goes without saying."""
    facts = METRICS[metric]
    return facts.change if metric == AVERAGE_PRECISION else f"{facts.change} in {facts.name}"


def shared_in_words(labels: pd.DataFrame) -> str:
    """The causes that nearly all labels share, said once, as Markdown; empty where none is."""
    shared = shared_causes(labels["causes"].tolist())
    if not shared:
        return ""
    told = "; ".join(f"**{cause}** ({CAUSES[cause].rstrip('.')})" for cause in shared)
    return f"Shared by nearly all labels, so it tells none of them apart: {told}."


def causes_in_words(label: pd.Series, *, shared: Collection[str] = ()) -> str:
    """One line per cause of a label that is not ``shared`` by nearly all, as a Markdown list."""
    causes = [cause for cause in split_causes(label["causes"]) if cause not in shared]
    if not causes:
        which = "other than what nearly all labels share " if shared else ""
        return f"None of the known causes {which}was found for this label."
    meanings = {str(cause): meaning for cause, meaning in CAUSES.items()}
    lines = [f"- **{safe_markdown(cause)}**: {meanings.get(cause, '')}" for cause in causes]
    if label["partners"]:
        lines.append(f"- Confused with: {safe_markdown(label['partners'])}")
    return "Possible causes:\n\n" + "\n".join(lines)
