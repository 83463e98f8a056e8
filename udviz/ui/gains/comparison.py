"""Which two models the gains are between, and those gains."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from udviz.figures.style.text import plural, safe_markdown
from udviz.stats.comparison.gain import LabelGains, label_gains
from udviz.ui.frame.page import View
from udviz.ui.gains.runs import Side, sides_of
from udviz.ui.load.caches import Version, predictions_of
from udviz.ui.load.study import StudyError
from udviz.vocabulary import MIN_POSITIVES

BEFORE, AFTER = "baseline", "distilled"  # what the analysis compares
MAX_CELLS = 100_000_000  # images times labels times runs of a side
CELLS_PER_SECOND = 10_000_000  # on a busy machine; an idle one does twice as many
_RENAMED = {"low": "gain_low", "high": "gain_high", "p": "gain_p", "q": "gain_q"}
_KEPT = ["gain", *_RENAMED, "verdict", "images_to_decide", "supported"]
_NOTEBOOK = """\
from pathlib import Path
from udviz.predictions.cache import open_predictions
from udviz.stats.comparison.gain import label_gains

before = [open_predictions(Path(folder)) for folder in {before}]
after = [open_predictions(Path(folder)) for folder in {after}]
gains = label_gains(
    [run.logits for run in before], [run.logits for run in after], before[0].targets,
    min_positives={min_positives},
)
print(gains.table.assign(label=before[0].label_names))"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Gains of one side over another.

    Attributes:
        before: What is compared with.
        after: What is compared.
        labels: One row per label of the view; its columns of gains are of this pair.
        mean: ``gain``, ``low``, ``high`` of the mean AP and ``includes_seed_variance``; or None.
        analysed: Whether this is the pair that the analysis compares.
    """

    before: Side
    after: Side
    labels: pd.DataFrame
    mean: pd.Series | None
    analysed: bool

    @property
    def pair(self) -> str:
        """As an axis names it."""
        return f"{self.after.name} − {self.before.name}"

    @property
    def known(self) -> pd.DataFrame:
        """The labels that have a gain."""
        return self.labels[self.labels["gain"].notna()]

    def as_analysed(self, label: str) -> pd.Series:
        """The row of one label for a reader who takes its gain for that of the analysed pair."""
        row = self.labels[self.labels["label"] == label].iloc[0].copy()
        if not self.analysed:
            row["gain"] = float("nan")
        return row

    @property
    def file_name(self) -> str:
        """The pair as a part of a file's name; empty for the analysed one."""
        return (
            "" if self.analysed else f"-{self.after.name}-over-{self.before.name}".replace("/", "-")
        )

    @property
    def has_predictions(self) -> bool:
        """Whether single images can be looked at."""
        return bool(self.before.caches and self.after.caches)


def pick(view: View) -> Comparison | None:
    """Ask which two models to compare, kept in the URL; None where there are no two.

    Stops the page where the chosen two cannot be compared, and says why.
    """
    sides = sides_of(view.study, view.split)
    if view.has_gains:  # known from the tables, even where the predictions are gone
        sides = {name: sides.get(name, Side(name=name, caches=())) for name in (BEFORE, AFTER)} | {
            name: side for name, side in sides.items() if name not in (BEFORE, AFTER)
        }
    if len(sides) < 2:
        return None
    names = list(sides)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        before = st.selectbox("Before", names, key="before", bind="query-params", width=300)
        after = st.selectbox("After", names, index=1, key="after", bind="query-params", width=300)
    if before == after:
        st.info("These are the same model twice. Choose two different ones.")
        st.stop()
    try:
        return compare(view, sides[before], sides[after])
    except StudyError as error:
        st.info(str(error))
        st.stop()


def compare(view: View, before: Side, after: Side) -> Comparison:
    """The analysed gains, or those of any other pair, computed from their predictions.

    Raises:
        StudyError: If a cache is missing or damaged, or the sides do not fit together.
    """
    if view.has_gains and (before.name, after.name) == (BEFORE, AFTER):
        return Comparison(
            before=before, after=after, labels=view.labels, mean=view.gain, analysed=True
        )
    sides = _paired(before, after)
    min_positives = int(view.study.setting("min_positives") or MIN_POSITIVES)
    _refuse_too_large(*sides, min_positives=min_positives)
    gains = _gains(*sides, min_positives=min_positives)
    names = predictions_of(sides[0][0]).label_names
    table = gains.table[_KEPT].rename(columns=_RENAMED).assign(label=list(names))
    kept = view.labels[[name for name in view.labels if name == "label" or name not in table]]
    return Comparison(
        before=before,
        after=after,
        labels=kept.merge(table, how="left", on="label"),
        mean=pd.Series(vars(gains.mean_gain)),
        analysed=False,
    )


def _paired(before: Side, after: Side) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
    """Caches of both sides, as many of one as of the other: a single run stands for every seed."""
    for side in (before, after):
        if not side.caches:
            raise StudyError(f"There are no predictions of {safe_markdown(side.name)}.")
    n_seeds = max(len(before.caches), len(after.caches))
    if not {len(before.caches), len(after.caches)} <= {1, n_seeds}:
        raise StudyError(
            f"{safe_markdown(before.name)} has {before.in_words} and {safe_markdown(after.name)} "
            f"{after.in_words}: they cannot be paired by seed. Choose single runs."
        )
    first, second = (
        side.caches if len(side.caches) == n_seeds else side.caches * n_seeds
        for side in (before, after)
    )
    return first, second


def _refuse_too_large(
    before: tuple[Version, ...], after: tuple[Version, ...], *, min_positives: int
) -> None:
    n_cells = predictions_of(before[0]).targets.size * len(before)
    if n_cells <= MAX_CELLS:
        return
    st.info(
        f"{plural(n_cells, 'prediction')} per side are too many to compare while you wait (about "
        f"{n_cells / CELLS_PER_SECOND:.0f} s; up to {MAX_CELLS:,} are). In a notebook:"
    )
    folders = [[directory for directory, _ in side] for side in (before, after)]
    st.code(
        _NOTEBOOK.format(before=folders[0], after=folders[1], min_positives=min_positives),
        language="python",
    )
    st.stop()


@st.cache_resource(max_entries=8, show_spinner="Comparing the predictions …")
def _gains(
    before: tuple[Version, ...], after: tuple[Version, ...], *, min_positives: int
) -> LabelGains:
    runs = [[predictions_of(version) for version in side] for side in (before, after)]
    first = runs[0][0]
    for run in (*runs[0], *runs[1]):
        if not run.images["image_id"].equals(first.images["image_id"]):
            raise StudyError("The two models predicted other images.")
    baseline, distilled = ([run.logits for run in side] for side in runs)
    return label_gains(baseline, distilled, first.targets, min_positives=min_positives)
