"""What a study found, in a few lines for a terminal."""

import shlex
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from udviz.analysis.store import read_table
from udviz.checks import shown
from udviz.installation import app_called
from udviz.stats.comparison.headroom import headroom
from udviz.studies.directory import runs_root
from udviz.vocabulary import AVERAGE_PRECISION, EQUAL_RECALLS, HELPED, HURT, INCONCLUSIVE

MOST_NAMED = 8  # labels in one line


def summary(study: Path, *, split: str = "test") -> str:
    """Headline scores of every model, and of every comparison its mean gain and what moved most.

    Raises:
        AnalysisError: If the study has no whole analysis.
    """
    models, comparisons, labels, scores = (
        read_table(study, name, where=[("split", [split])])
        for name in ("models", "comparisons", "labels", "scores")
    )
    lines = [f"\n{study}, {split} split", ""]
    width = max((len(name) for name in models["model"]), default=0)
    lines += [_model_line(model, width) for _, model in models.iterrows()]
    reference = models.loc[models["reference"], "model"].iloc[0]
    own = scores[scores["model"] == reference].merge(labels[["label", "difficulty_rank"]])
    own = own[own["difficulty_rank"] > 0].sort_values("difficulty_rank").head(5)
    lines += ["", f"Hardest for {shown(reference)}: " + _list(own, "average_precision", "{:.3f}")]
    gaps = read_table(study, "gap", where=[("split", ["val"])])
    for first, of_first in gaps.groupby("before", sort=False):
        lines += ["", clearly_better(str(first), of_first.drop_duplicates("label"))]
    taught = bool((models["kind"] == "teacher").any())
    for (before, after), rows in comparisons.groupby(["before", "after"], sort=False):
        precision = rows[rows["metric"] == AVERAGE_PRECISION]
        lines += ["", *_comparison_lines(str(before), str(after), precision, taught=taught)]
        lines += _hard_lines(rows)
    is_elsewhere = study.resolve().parent != runs_root().resolve()
    there = f"UDVIZ_RUNS={shlex.quote(str(study.resolve().parent))} " if is_elsewhere else ""
    lines += ["", f"Look at it: {there}{app_called()}"]
    return "\n".join(lines)


def _model_line(model: pd.Series, width: int) -> str:
    several = model["seeds"] > 1

    def score(name: str) -> str:
        return f"{model[name]:.3f}" + (f" +- {model[f'{name}_seed_sd']:.3f}" if several else "")

    trained = (
        f"of {model['n_trained']} labels with enough training images {score('mean_ap_trained')}"
    )
    return (
        f"{shown(model['model']):<{width}}  mAP {score('mean_ap')} "
        f"[{model['mean_ap_low']:.3f}, {model['mean_ap_high']:.3f}]  "
        + (f"{trained}  " if model["n_trained"] else "")
        + f"CF1 {score('cf1')}  OF1 {score('of1')}"
        + (f"  ({model['seeds']} seeds, +- SD)" if several else "")
    )


def _comparison_lines(before: str, after: str, rows: pd.DataFrame, *, taught: bool) -> list[str]:
    mean, labels = rows[rows["scope"] == "mean"].iloc[0], rows[rows["scope"] == "label"]
    sure = "" if mean["includes_seeds"] else " (one seed: seed noise is not in it)"
    if mean["includes_seeds"] and taught and not mean["includes_teachers"]:
        sure = f" ({mean['seeds']} seeds of students, under one teacher)"
    lines = [
        f"Gain in mAP of {shown(after)} over {shown(before)}: {mean['gain']:+.4f}, 95 % interval "
        f"[{mean['gain_low']:+.4f}, {mean['gain_high']:+.4f}], {p_in_words(mean['p'])}{sure}"
    ]
    for verdict in (HELPED, HURT):
        found = labels[labels["verdict"] == verdict].sort_values("gain", key=abs)[::-1]
        lines.append(f"{verdict.capitalize()}: " + (_list(found, "gain", "{:+.3f}") or "none"))
    if (few := labels[labels["rests_on_few"]]).size:
        lines.append(
            "Without the most influential 1 % of their images (at least one) inconclusive: "
            + _list(few, "gain_without_few", "{:+.3f}")
        )
    n_inconclusive = (labels["verdict"] == INCONCLUSIVE).sum()
    return [*lines, f"{INCONCLUSIVE.capitalize()}: {n_inconclusive} labels"]


def _hard_lines(rows: pd.DataFrame) -> list[str]:
    """What becomes of the false positives of hard labels at equal recall."""
    hard = rows[(rows["scope"] == "hard") & rows["gain"].notna()].set_index("metric")
    at = {
        recall: hard.loc[metric]
        for percent, recall in EQUAL_RECALLS.items()
        if (metric := f"false_positive_rate_at_recall_{percent}") in hard.index
    }
    return [
        f"False-positive rate of hard labels ({row['n_labels']}) at a recall of {recall}: "
        f"{row['before_value']:.3f} to {row['after_value']:.3f}, {row['gain']:+.3f} "
        f"[{row['gain_low']:+.3f}, {row['gain_high']:+.3f}], {row['verdict']}"
        for recall, row in at.items()
    ]


def clearly_better(before: str, gaps: pd.DataFrame) -> str:
    """On how many labels the teacher has something to teach, by the validation split."""
    known = headroom(gaps)
    return (
        f"On validation the teacher is clearly better than {shown(before)} on "
        f"{len(known.better)} of {known.n_labels} labels"
    )


def _list(labels: pd.DataFrame, column: str, style: str) -> str:
    return listed(
        f"{shown(label)} {style.format(value)}" for label, value in labels[["label", column]].values
    )


def listed(words: Iterable[str]) -> str:
    """The first ``MOST_NAMED`` of ``words``, and how many more there are."""
    named = list(words)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more


def p_in_words(p: float) -> str:
    """``p = 0.012``, or ``p < 0.001``, which is never 0."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
