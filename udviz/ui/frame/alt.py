"""What each chart shows, for a person who cannot see it."""

from collections.abc import Mapping

import pandas as pd

from udviz.figures.style.text import count, interval, number, one_line
from udviz.figures.style.theme import VERDICTS, MarkerStyle
from udviz.stats.calibration.reliability_bins import ReliabilityBins
from udviz.vocabulary import AVERAGE_PRECISION, METRICS, Metric


def models(scores: pd.DataFrame, *, quantity: str) -> str:
    """Score of every model with its interval; columns ``model``, ``score``, ``low``, ``high``."""
    parts = [
        f"{one_line(row['model'])} {number(row['score'])} ({interval(row['low'], row['high'])})"
        for _, row in scores.iterrows()
    ]
    return f"{quantity} of each model with its 95 % interval: {'; '.join(parts)}."


def gains(
    labels: pd.DataFrame, *, pair: tuple[str, str], metric: Metric = AVERAGE_PRECISION
) -> str:
    """How many labels gained and lost between which two models, and the two ends."""
    known = labels[labels["gain"].notna()].sort_values("gain")
    if known.empty:
        return "No gain is known."
    verdicts = known["verdict"].value_counts()
    told = ", ".join(f"{count(verdicts.get(verdict, 0))} {verdict}" for verdict in VERDICTS)
    least, most = known.iloc[0], known.iloc[-1]
    before, after = map(one_line, pair)
    facts = METRICS[metric]
    return (
        f"{facts.change} in {facts.name} of {count(len(known))} labels, "
        f"{after} − {before}: {told}. "
        f"From {number(least['gain'], sign=True)} for {one_line(least['label'])} "
        f"to {number(most['gain'], sign=True)} for {one_line(most['label'])}."
    )


def ranking(labels: pd.DataFrame) -> str:
    """Which labels a ranking shows, first to last."""
    if labels.empty:
        return "No label fits the filters."
    first, last = labels.iloc[0]["label"], labels.iloc[-1]["label"]
    return (
        f"{count(len(labels))} labels from {one_line(first)} to {one_line(last)}, each with the "
        "average precision and interval of every model."
    )


def reliability(
    bins: Mapping[str, ReliabilityBins], label: str | None, *, styles: Mapping[str, MarkerStyle]
) -> str:
    """Ends of the reliability diagram of every model, of a label or of all of them pooled."""
    parts = []
    for name, found in bins.items():
        held = found.count[0] > 0
        ends = zip(found.mean_prob[0][held], found.frequency[0][held], strict=True)
        told = [f"{number(frequency)} at {number(prob)}" for prob, frequency in ends]
        if told:
            parts.append(f"{one_line(styles[name].word)} from {told[0]} to {told[-1]}")
    of = one_line(label or "all labels, pooled")
    return f"Reliability diagram of {of}, frequency at probability: {'; '.join(parts)}."
