"""What the numbers of a study say, in sentences."""

import pandas as pd

from udviz.figures.labels.causes import CAUSES, split_causes
from udviz.figures.style.text import count, interval, number, plural, safe_markdown
from udviz.figures.style.theme import ROLES, UNDECIDED, VERDICTS
from udviz.ui.load.study import Study

HOW_TO_READ_MODELS = (
    "Trusted labels and well trained labels: mean AP over those with enough positives in this "
    "split, and in training. CF1 and OF1: F1 per label and over all decisions, at a threshold of "
    "0.5. Seed sd: standard deviation of the mean AP over training seeds."
)
HOW_TO_READ_GAINS = (
    "Each mark is a label. Above zero the distilled student ranks images better than the baseline; "
    "a line that leaves out zero is not yet proof when many labels are looked at, which the "
    "verdict allows for. Click a mark to open the label."
)
HOW_TO_READ_RANKING = (
    "Each row is a label; lines are 95 % intervals. Where the rank intervals of two labels "
    "overlap, which of them is harder is open. Names in *italics* have too few positives to be "
    "trusted. Click a row to open the label."
)
_VERBS = {"helped": "raises", "hurt": "lowers", UNDECIDED: "does not clearly change"}


def verdict_of(low: float, high: float) -> str:
    """``helped`` or ``hurt`` where the interval leaves out zero, else ``cannot tell``."""
    if low > 0:
        return "helped"
    return "hurt" if high < 0 else UNDECIDED


def verdict_word(verdict: object) -> str:
    """Glyph and word of a verdict from the table; an empty cell cannot tell."""
    mark = VERDICTS[verdict if isinstance(verdict, str) and verdict in VERDICTS else UNDECIDED]
    return f"{mark.glyph} {mark.word}"


def what_was_trained(study: Study, models: pd.DataFrame) -> str:
    """What was trained on what, and which images the numbers are of, as Markdown."""
    name = safe_markdown(study.setting("name") or study.path.name)
    kind = study.setting("data.name", "data.kind")
    parts = [f"Study **{name}**" + (f" on {safe_markdown(kind)}" if kind else "") + "."]
    if description := study.setting("description"):
        parts.append(safe_markdown(description.strip().splitlines()[0].rstrip(".")) + ".")
    trained = [
        f"{ROLES[role].word.lower()} {safe_markdown(model_name(study, role))}"
        + (f" ({count(runs)} seeds)" if runs > 1 else "")
        for role, runs in zip(models["role"], models["runs"], strict=True)
    ]
    parts.append("Trained: " + ", ".join(trained) + ".")
    first = models.iloc[0]
    parts.append(
        f"Numbers are of the **{safe_markdown(first['split'])}** split: "
        f"{plural(int(first['n_images']), 'image')}, {plural(int(first['n_labels']), 'label')}."
    )
    return " ".join(parts)


def model_name(study: Study, role: str) -> str:
    """Architecture of one role as the recipe calls it; empty where it does not say."""
    part = "teacher" if role == "teacher" else "student"
    return study.setting(f"{part}.backbone", f"{part}.model.backbone", f"model.{part}") or ""


def model_noun(role: str) -> str:
    """What a role is called within a sentence."""
    word = ROLES[role].word.lower()
    return word if role == "teacher" else f"{word} student"


def headline(gain: pd.Series | None) -> str:
    """The verdict on the mean average precision, as Markdown."""
    if gain is None or pd.isna(gain["gain"]):
        return "This study compares no distilled student with a baseline, so there is no gain."
    verdict = verdict_of(gain["low"], gain["high"])
    bounds = interval(gain["low"], gain["high"], sign=True)
    return (
        f"Distillation {_VERBS[verdict]} the mean average precision of the student: "
        f"**{number(gain['gain'], sign=True)}** (95 % interval {bounds}), "
        f"**{verdict_word(verdict)}**."
    )


def how_sure(gain: pd.Series | None, labels: pd.DataFrame) -> str:
    """What the intervals hold and what they leave out, as Markdown."""
    parts = [
        "Intervals are 95 %: they say how far a number could move with another draw of images."
    ]
    if gain is not None and pd.notna(gain["gain"]):
        parts.append(_seeds(bool(gain["includes_seed_variance"])))
        parts.append(
            f"If distillation changed nothing, a mean gain this large would come up with "
            f"probability {_p(gain['p'])}."
        )
    parts.append(
        "A label is called helped or hurt only after correction for looking at all labels at once."
    )
    few = int((labels["supported"] == False).sum())  # noqa: E712 (the column may hold NaN)
    if few:
        parts.append(f"{plural(few, 'label')} with too few positives should not be trusted at all.")
    return " ".join(parts)


def _seeds(included: bool) -> str:
    if included:
        return "The interval of the mean gain includes the variance between training seeds."
    return (
        "The interval of the mean gain does **not** include the variance between training seeds: "
        "training again could move it further than the interval says. Train several seeds to know."
    )


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else number(value)


def about_label(label: pd.Series) -> str:
    """Verdict and rank of one label, as Markdown."""
    parts = []
    if pd.notna(label["difficulty_rank"]):
        ranks = interval(label["rank_low"], label["rank_high"], digits=0)
        rank = count(label["difficulty_rank"])
        parts.append(f"Difficulty rank **{rank}** (interval {ranks}).")
    if pd.notna(label["gain"]):
        bounds = interval(label["gain_low"], label["gain_high"], sign=True)
        parts.append(
            f"Gain **{number(label['gain'], sign=True)}** (95 % interval {bounds}, "
            f"q = {number(label['gain_q'])}): **{verdict_word(label['verdict'])}**."
        )
    parts.append(
        f"{count(label['positives'])} of {count(label['known'])} images carry it"
        f" ({count(label['train_positives'])} in training)."
    )
    return " ".join(parts)


def causes_in_words(label: pd.Series) -> str:
    """One line per cause of a label, as a Markdown list."""
    causes = split_causes(label["causes"])
    if pd.isna(label["causes"]):
        return "This study's analysis did not look for causes."
    if not causes:
        return "None of the known causes was found for this label."
    lines = [f"- **{safe_markdown(cause)}**: {CAUSES.get(cause, '')}" for cause in causes]
    partners = label.get("partners")
    if isinstance(partners, str) and partners:
        lines.append(f"- Looks like: {safe_markdown(partners)}")
    return "Difficult because:\n\n" + "\n".join(lines)
