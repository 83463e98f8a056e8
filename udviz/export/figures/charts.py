"""The charts that tell of a study, each with its words: on Overview, in its report, as its figures.

A chart of which the study has no numbers is None.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from udviz.export.runs import chosen_run
from udviz.figures.calibration.reliability import reliability_diagram
from udviz.figures.labels.label_counts import positives_per_label
from udviz.figures.labels.ranking import ranking, row_px
from udviz.figures.labels.scatter import gain_between, label_scatter, numbers_of
from udviz.figures.models.false_positives import false_positive_rates
from udviz.figures.models.gain_grid import gain_grid
from udviz.figures.models.gains import gain_curve
from udviz.figures.models.models import model_scores
from udviz.figures.style.figure import Figure
from udviz.figures.style.text import one_line, plural
from udviz.stats.calibration.reliability_bins import pooled_reliability_bins
from udviz.stats.labels.probabilities import logit_probs
from udviz.ui.frame import alt
from udviz.ui.frame.view import View
from udviz.ui.labels.correlation import about_gain, correlation_of
from udviz.ui.labels.filters import movers
from udviz.ui.labels.text_tables import model_scores as scores_of
from udviz.ui.load.thinning import thinning_of
from udviz.ui.overview import false_positives as rates
from udviz.ui.overview import gain_grid as grid

MOST_PX = 960  # of the rows of a chart, so that a page of a paper holds it


@dataclass(frozen=True, eq=False, kw_only=True)
class Chart:
    """A chart of a study.

    Attributes:
        name: Unique in the study; of its file, and of its key on a page.
        figure: As it is drawn where there is room.
        alt: What it shows, for a person who cannot see it.
        narrow: The same for a column of a paper; None where ``figure`` does.
    """

    name: str
    figure: Figure
    alt: str
    narrow: Figure | None = None

    @property
    def title(self) -> str:
        """What it shows in a few words."""
        return self.figure.title


def models(view: View) -> Chart:
    """Score of every model."""
    scores = scores_of(view.models)
    quantity = "Mean average precision"
    figure = model_scores(
        scores,
        view.styles,
        axis_title="Mean AP over labels, higher is better",
        chance=view.models["mean_prevalence"].iloc[0],
        title="mAP of each model, 95 % intervals",
    )
    return Chart(name="models", figure=figure, alt=alt.models(scores, quantity=quantity))


def gains(view: View) -> Chart | None:
    """Gain of every label in the comparison."""
    if not (view.pair and view.has_gains):
        return None
    figure = gain_curve(
        view.labels,
        view.hover(view.labels),
        pair=view.pair,
        title="Gain of every label, with its 95 % interval",
    )
    return Chart(name="gains", figure=figure, alt=alt.gains(view.labels, pair=view.pair))


def gains_by_label(view: View) -> Chart | None:
    """Gain of the labels by name, the largest first; of many labels the ends."""
    if not (view.pair and view.has_gains):
        return None
    known = view.labels[view.labels["gain"].notna()]
    shown, title = known.sort_values("gain", ascending=False, kind="stable"), "Gain per label"
    if len(known) > (most := most_rows(view, ("gain",))):
        shown, title = movers(view.labels, n_each=most // 2), "Largest gains and losses"
    return Chart(
        name="gains-by-label",
        figure=ranking(view.rows(shown), panels=("gain",), title=title),
        alt=alt.gains(shown, pair=view.pair),
    )


def gains_of_comparisons(view: View) -> Chart | None:
    """Every label under every comparison, where there are several."""
    rows = grid.gains_of(view)
    if len(rows[["before", "after"]].drop_duplicates()) < 2:
        return None
    labels = view.labels["label"].head(grid.MOST_LABELS).tolist()
    title = "Gains by comparison, hardest label first"
    return Chart(
        name="gain-grid",
        figure=gain_grid(rows, labels, title=title),
        narrow=gain_grid(rows, labels, title=title, upright=True),
        alt=grid.alt(rows, labels),
    )


def false_positives(view: View) -> Chart | None:
    """False-positive rates of difficult and of other labels at equal recall."""
    rows = rates.rates(view)
    if view.pair is None or rows.empty:
        return None
    figure = false_positive_rates(rows, view.styles, pair=view.pair, title=rates.TITLE)
    return Chart(name="false-positives", figure=figure, alt=rates.alt(rows, view.pair))


def difficulty(view: View, *, panels: Sequence[str], most: int) -> Chart:
    """The hardest labels, each a row with its numbers; in a column AP alone."""
    hardest = view.labels.head(most)
    rows, title = view.rows(hardest), _which(len(hardest), len(view.labels))
    return Chart(
        name="difficulty",
        figure=ranking(rows, panels=panels, title=title),
        narrow=ranking(rows, panels=("average precision",), title=title),
        alt=alt.ranking(hardest),
    )


def gain_against_difficulty(view: View) -> Chart | None:
    """Whether difficult labels gain more; not of the model whose difficulty it is."""
    if view.pair is None or not view.has_gains or view.reference in view.pair:
        return None
    labels, thing = view.labels[view.labels["supported"]], "difficulty"
    against = numbers_of([], reference=view.reference, pair=view.pair)[thing]
    gain, title = gain_between(*view.pair), f"Gain against {thing}"
    said = about_gain(correlation_of(labels, against, gain), thing).replace("*", "")
    before, after = map(one_line, view.pair)
    return Chart(
        name=f"gain-{thing}",
        figure=label_scatter(labels, view.hover(labels), x=against, y=gain, title=title),
        alt=f"{title}, {after} − {before}, one mark per label. {said}",
    )


def reliability(view: View) -> Chart | None:
    """Reliability of every model's first run, all labels pooled, as far as it kept predictions."""
    bins, thinned, lost = {}, 1, []
    for name in view.drawn:
        try:
            run = chosen_run(view.study.path, model=name, seed=None).predictions(view.split)
        except (OSError, ValueError):
            lost.append(one_line(name))
            continue
        step = thinning_of(run)
        rows, thinned = slice(None, None, step), max(thinned, step)
        bins[name] = pooled_reliability_bins(logit_probs(run.logits[rows]), run.targets[rows])
    if not bins:
        return None
    figure = reliability_diagram(
        bins,
        view.styles,
        thing="image-label pairs",
        title="Reliability diagram: all labels, pooled",
    )
    said = alt.reliability(bins, None, styles=view.styles)
    said += f" One image in {thinned:,} is counted." if thinned > 1 else ""
    said += f" Without {', '.join(lost)}: no predictions that can be read." if lost else ""
    return Chart(name="reliability", figure=figure, alt=said)


def positives(view: View) -> Chart:
    """Positives of the most frequent labels, in training and in the split."""
    named = {"label": "label", "train_positives": "train", "positives": view.split}
    counts = view.labels[list(named)].rename(columns=named).dropna(axis="columns", how="all")
    ordered = counts.sort_values(view.split, ascending=False, kind="stable")
    shown = ordered.head(most_rows(view, ()))
    figure = positives_per_label(
        shown, all_counts=counts, title=_which(len(shown), len(counts), "most frequent")
    )
    first, last = (shown.iloc[place] for place in (0, -1))
    told = " to ".join(f"{one_line(row['label'])} ({row[view.split]:,})" for row in (first, last))
    return Chart(name="positives", figure=figure, alt=f"Positives per label: from {told}.")


def most_rows(view: View, panels: Sequence[str]) -> int:
    """How many labels a chart for print has room for."""
    return MOST_PX // row_px(len(view.drawn), panels)


def _which(n_shown: int, n_labels: int, order: str = "hardest") -> str:
    if n_shown == n_labels:
        return f"All labels, {order} first"
    return f"The {n_shown:,} {order} of {plural(n_labels, 'label')}, {order} first"


PANELS = ("rank", "average precision", "causes")


def of_study(view: View) -> Iterator[Chart]:
    """The charts for print that hold for the whole study, as far as it has their numbers."""
    yield models(view)
    yield difficulty(view, panels=PANELS, most=most_rows(view, PANELS))
    yield positives(view)
    yield from filter(None, (reliability(view), gains_of_comparisons(view)))


def of_comparison(view: View) -> Iterator[Chart]:
    """The charts for print of one comparison, as far as the study has their numbers."""
    makers = (gains, gains_by_label, false_positives, gain_against_difficulty)
    yield from filter(None, (maker(view) for maker in makers))
