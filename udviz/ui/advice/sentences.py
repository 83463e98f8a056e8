"""What could be done about a label, in sentences, each with its reason and its numbers."""

from collections.abc import Callable

import pandas as pd

from udviz.figures.style.text import (
    count,
    interval,
    number,
    p_equals,
    plural,
    safe_markdown,
    shorten,
    times_as_frequent,
)
from udviz.stats.labels.list_caps import ListCap
from udviz.vocabulary import Action, RecalibrationMethod

RECALIBRATIONS: dict[RecalibrationMethod, str] = {
    "temperature": "Temperature scaling",
    "platt": "Platt scaling",
    "isotonic": "Isotonic regression",
}
HOW_TO_READ = (
    "Wrong decisions are the reference's false positives and false negatives at the thresholds "
    "chosen on validation (else 0.5). What an action could save is their number times the share "
    "that its own evidence gives to it: an **upper bound**, since no action mends all of it, and "
    "the numbers of a label do not add up, since two actions may mend the same image."
)
NOTHING_KNOWN = (
    "Nothing that was measured speaks for an action on this label: for reviewing its annotations, "
    "telling it from another label, adding images, a better teacher or recalibration."
)
_MOST_NAMED = 5


def head(action: pd.Series, *, safe: Callable[[str], str] = safe_markdown) -> str:
    """What to do, in words that begin a sentence.

    Args:
        action: Row of `label_actions`.
        safe: Makes a foreign name harmless where the words are shown; as Markdown by default.
    """
    if action["action"] == "tell apart":
        return f"Tell it from {safe(shorten(action['partner']))}"
    return _WHAT[action["action"]]


def reason(action: pd.Series) -> str:
    """Why, with the numbers that say so, as Markdown."""
    return _WHY[action["action"]](action)


def saves(action: pd.Series) -> str:
    """How many wrong decisions it could save, as Markdown."""
    if pd.isna(action["saved"]):
        return _UNKNOWN[action["action"]]
    if action["action"] == "recalibrate":
        return "It saves no decision: a threshold chosen after it decides alike."
    return f"Could save **{at_most(action)}** wrong decisions."


def at_most(action: pd.Series) -> str:
    """``at most 108 of 137``, of decisions."""
    saved = "less than 1" if action["saved"] < 1 else f"at most {number(action['saved'], digits=0)}"
    return f"{saved} of {number(action['errors'], digits=0)}"


def advice(action: pd.Series, *, named: bool = False) -> str:
    """One piece of advice: what, why, and what it could save, as Markdown.

    Args:
        action: Row of `label_actions`.
        named: Whether to name the label first.
    """
    what = head(action)
    if named:
        what = f"{safe_markdown(shorten(action['label']))}: {what[0].lower()}{what[1:]}"
    return f"**{what}.** {reason(action)} {saves(action)}"


def in_short(actions: pd.DataFrame) -> str:
    """The actions on one label on one line, as Markdown; empty without any."""
    if actions.empty:
        return ""
    told = []
    for _, action in actions.iterrows():
        what = head(action)
        could = f" ({at_most(action)} wrong decisions)" if action["saved"] > 0 else ""
        told.append(what[0].lower() + what[1:] + could)
    return f"What to do about it: {'; '.join(told)}."


def about_errors(label: pd.Series, wrong: pd.Series, reference: str) -> str:
    """How often the reference decides wrongly on a label, as Markdown."""
    return (
        f"At its threshold {safe_markdown(reference)} decides wrongly on "
        f"**{number(wrong['errors'], digits=0)}** of {count(label['known'])} images: "
        f"{number(wrong['false_positives'], digits=0)} false positives and "
        f"{number(wrong['false_negatives'], digits=0)} false negatives."
    )


def unhelped(wrong: pd.DataFrame) -> str:
    """Labels with wrong decisions that no action is known for, as Markdown; empty for none.

    Args:
        wrong: Their rows of `wrong_decisions`.
    """
    rows = wrong[wrong["errors"] >= 1]
    if rows.empty:
        return ""
    return f"Nothing that was measured says how to save the wrong decisions on {_some(rows)}."


def untaught(rows: pd.DataFrame) -> str:
    """Which labels the teacher itself ranks badly, said once, as Markdown.

    Args:
        rows: Actions to improve it, at least one.
    """
    return (
        f"The teacher ranks {_some(rows)} clearly worse than the median label, at equal "
        "prevalence, and on validation it is not clearly better there than "
        f"{safe_markdown(rows['before'].iloc[0])}. What a better teacher would save is not known."
    )


def recalibrated(rows: pd.DataFrame) -> str:
    """Which labels recalibration would help, said once, as Markdown.

    Args:
        rows: Actions to recalibrate, at least one; the first is named.
    """
    best = rows.iloc[0]
    return (
        f"Recalibration improves the probabilities of {plural(len(rows), 'label')}, most those of "
        f"{safe_markdown(shorten(best['label']))} (Brier score {number(best['brier_before'])} to "
        f"{number(best['brier_after'])}). It saves no decision: a threshold chosen after it "
        "decides alike."
    )


def _some(rows: pd.DataFrame) -> str:
    """Labels with their wrong decisions, the most first."""
    first = rows.sort_values("errors", ascending=False, kind="stable").head(_MOST_NAMED)
    some = ", ".join(
        f"{safe_markdown(shorten(row['label']))} ({number(row['errors'], digits=0)})"
        for _, row in first.iterrows()
    )
    more = len(rows) - len(first)
    return f"{some} and {more} more" if more else some


def cap_in_words(cap: ListCap) -> str:
    """That the label lists of the data set seem to be cut, as Markdown."""
    return (
        f"**The label lists seem to be cut at {cap.labels}**: {cap.share:.0%} of the images have "
        f"exactly {cap.labels} labels, none more, where the numbers of images with "
        f"{cap.labels - 2} and {cap.labels - 1} allow {cap.allowed:.0%}, and there are "
        f"{cap.labels + 1} labels of which any two go together. If so, labels are missing that no "
        "model can be blamed for: look up how the lists were made."
    )


def _review(action: pd.Series) -> str:
    return (
        f"{count(action['doubted_missing'])} missing and {count(action['doubted_extra'])} extra "
        f"labels are in doubt; {count(action['doubted_missing_unexplained'])} of the missing ones "
        "lie beside no label that explains the doubt. Of the images the model is most certain of, "
        f"{count(action['surest_unmarked'])} are not labelled where its own errors explain "
        f"{number(action['surest_expected'], digits=1)} (q {p_equals(action['suspect_q'])})."
    )


def _tell_apart(action: pd.Series) -> str:
    often = times_as_frequent(action["lift"], action["lift_low"], action["lift_high"])
    return (
        f"Beside it, false positives are {often}, and {action['share']:.0%} of them lie there: "
        "look at both side by side."
    )


def _add_images(action: pd.Series) -> str:
    return (
        f"{count(action['train_positives'])} training images carry it (median of the labels: "
        f"{count(action['train_median'])}). {_below(action)} Evidence, not a promise: something "
        "else may make it hard."
    )


def _improve_teacher(action: pd.Series) -> str:
    return (
        f"On validation the teacher is not clearly better than {safe_markdown(action['before'])} "
        f"here (AP {number(action['gap'], sign=True)}). {_below(action)}"
    )


def _below(action: pd.Series) -> str:
    bounds = interval(action["average_precision_low"], action["average_precision_high"])
    return (
        f"Its AP of {number(action['average_precision'])} ({bounds}) is below "
        f"{number(action['expected_ap'])}, that of a label of its prevalence that is ranked as "
        "well as the median label."
    )


def _recalibrate(action: pd.Series) -> str:
    return (
        f"{RECALIBRATIONS[action['recalibration']]}, fitted on validation, lowers its Brier score "
        f"here from {number(action['brier_before'])} to {number(action['brier_after'])} and its "
        f"ECE from {number(action['ece_before'])} to {number(action['ece_after'])} (miscalibrated, "
        f"q {p_equals(action['miscalibration_q'])})."
    )


_WHAT: dict[Action, str] = {
    "review annotations": "Review its doubted annotations",
    "add images": "Add training images",
    "improve the teacher": "Improve the teacher",
    "recalibrate": "Recalibrate its probabilities",
}
_WHY: dict[Action, Callable[[pd.Series], str]] = {
    "review annotations": _review,
    "tell apart": _tell_apart,
    "add images": _add_images,
    "improve the teacher": _improve_teacher,
    "recalibrate": _recalibrate,
}
_UNKNOWN: dict[Action, str] = {
    "review annotations": "These are training annotations, so what it saves here is not known.",
    "improve the teacher": "What a better one would save is not known.",
    "recalibrate": "What it does to the decisions at 0.5 is not known: validation has too few "
    "positives to choose a threshold.",
}
