"""Which two models the gains are between, and those gains."""

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from udviz.figures.labels.panels import Rows
from udviz.figures.style.text import plural, safe_markdown
from udviz.stats.comparison.gain import LabelGains, label_gains
from udviz.ui.frame.view import GAINS, Comparison, View, view_of
from udviz.ui.gains.runs import Side, sides_of
from udviz.ui.labels.change import MeanChange
from udviz.ui.load.caches import Version, predictions_of
from udviz.ui.load.study import StudyError
from udviz.vocabulary import AVERAGE_PRECISION, METRICS, MIN_POSITIVES, Metric

MAX_CELLS = 100_000_000  # images times labels times runs of a side
CELLS_PER_SECOND = 10_000_000  # on a busy machine; an idle one does twice as many
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
class Compared:
    """Gains of one side over another.

    Attributes:
        before: What is compared with.
        after: What is compared.
        labels: One row per label of the view; its columns of gains are of this pair.
        mean: Gain in the mean over labels.
        metric: What the gains are in.
        analysed: Whether the analysis of the study compares this pair.
    """

    before: Side
    after: Side
    labels: pd.DataFrame
    mean: MeanChange
    metric: Metric
    analysed: bool

    @property
    def pair(self) -> tuple[str, str]:
        """Names of the two sides."""
        return self.before.name, self.after.name

    @property
    def known(self) -> pd.DataFrame:
        """The labels that have a gain."""
        return self.labels[self.labels["gain"].notna()]

    @property
    def runs(self) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
        """Caches of both sides, as many of one as of the other, paired by seed.

        A single run without a partner of its seed stands for every seed.

        Raises:
            StudyError: If there are no predictions of one side, or no seed in common.
        """
        return _paired(self.before, self.after)

    @property
    def file_name(self) -> str:
        """The pair, and the metric unless it is average precision, as a part of a file's name."""
        pair = f"{self.after.name}-over-{self.before.name}".replace("/", "-")
        return pair if self.in_precision else f"{pair}-{self.metric}"

    @property
    def in_precision(self) -> bool:
        """Whether the gains are in average precision, which more is told of than of others."""
        return self.metric == AVERAGE_PRECISION

    def label(self, name: str) -> pd.Series:
        """The row of one label."""
        return self.labels[self.labels["label"] == name].iloc[0]

    def rows(self, view: View, labels: pd.DataFrame) -> Rows:
        """``labels`` as a ranking draws them."""
        return replace(
            view.rows(labels), all_labels=self.labels, pair=self.pair, metric=self.metric
        )

    def view_of(self, view: View) -> View:
        """``view`` with the gains of this pair."""
        comparison = Comparison(
            before=self.before.name,
            after=self.after.name,
            metric=self.metric,
            mean=pd.Series(vars(self.mean)),
            labels=self.labels,
        )
        return replace(view, comparison=comparison, labels=self.labels)


def pick(view: View) -> Compared | None:
    """Ask which two models to compare and in what, kept in the URL; None where there are no two.

    Stops the page where the chosen two cannot be compared, and says why.
    """
    sides = sides_of(view)
    if len(sides) < 2:
        return None
    names = list(sides)
    first = view.pair or (names[0], names[1])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        before, after = (
            st.selectbox(
                key.capitalize(),
                names,
                index=names.index(name),
                key=key,
                bind="query-params",
                width=300,
            )
            for key, name in zip(("before", "after"), first, strict=True)
        )
        metric = _pick_metric(view, (before, after))
    if before == after:
        st.info("These are the same model twice. Choose two different ones.")
        st.stop()
    try:
        return compare(view, sides[before], sides[after], metric=metric)
    except StudyError as error:
        st.info(str(error))
        st.stop()


def _pick_metric(view: View, pair: tuple[str, str]) -> Metric:
    """Ask what to compare in, where the analysis knows more of the pair than one metric."""
    rows = view.study.comparisons
    rows = rows[(rows["split"] == view.split) & (rows["before"] == pair[0])]
    known = set(rows[rows["after"] == pair[1]]["metric"])
    choices = {facts.short: name for name, facts in METRICS.items() if name in known}
    if len(choices) < 2:
        return AVERAGE_PRECISION
    chosen = st.selectbox("Metric", list(choices), key="metric", bind="query-params", width=240)
    return choices[chosen]


def compare(
    view: View, before: Side, after: Side, *, metric: Metric = AVERAGE_PRECISION
) -> Compared:
    """The analysed gains, or those in AP of any other pair, computed from their predictions.

    Raises:
        StudyError: If a cache is missing or damaged, or the sides do not fit together.
    """
    pair = (before.name, after.name)
    if pair in view.study.pairs:
        found = view_of(view.study, view.split, pair=pair, metric=metric)
        if found.comparison is not None:
            return Compared(
                before=before,
                after=after,
                labels=found.labels,
                mean=MeanChange.of_row(found.comparison.mean),
                metric=metric,
                analysed=True,
            )
    runs = _paired(before, after)
    min_positives = int(view.study.setting("min_positives") or MIN_POSITIVES)
    _refuse_too_large(*runs, min_positives=min_positives)
    gains = _gains(*runs, min_positives=min_positives)
    names = predictions_of(runs[0][0]).label_names
    table = gains.table.reindex(columns=GAINS).assign(label=list(names), rests_on_few=False)
    return Compared(
        before=before,
        after=after,
        labels=view.labels.drop(columns=GAINS).merge(table, how="left", on="label"),
        mean=MeanChange(
            gain=gains.mean_gain.gain,
            low=gains.mean_gain.low,
            high=gains.mean_gain.high,
            includes_seeds=gains.includes_seed_variance,
            seeds=len(runs[0]),
        ),
        metric=AVERAGE_PRECISION,
        analysed=False,
    )


def _paired(before: Side, after: Side) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
    for side in (before, after):
        if not side.caches:
            raise StudyError(f"There are no predictions of {safe_markdown(side.name)}.")
    common = [seed for seed in before.caches if seed in after.caches]
    if common:
        return (
            tuple(before.caches[seed] for seed in common),
            tuple(after.caches[seed] for seed in common),
        )
    n_seeds = max(len(before.caches), len(after.caches))
    if not {len(before.caches), len(after.caches)} <= {1, n_seeds}:
        raise StudyError(
            f"{safe_markdown(before.name)} has {before.in_words} and {safe_markdown(after.name)} "
            f"{after.in_words}, none with the same seed. Choose single runs."
        )
    first, second = (
        tuple(side.caches.values()) * (n_seeds // len(side.caches)) for side in (before, after)
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
    scores_before, scores_after = ([run.logits for run in side] for side in runs)
    return label_gains(
        scores_before,
        scores_after,
        first.targets,
        min_positives=min_positives,
        groups=first.groups,
    )
