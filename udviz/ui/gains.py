"""What the Gains page asks, says and tabulates."""

from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.figures.scatter import gain_scatter
from udviz.figures.text import count, interval, number, plural
from udviz.figures.theme import UNDECIDED, VERDICTS
from udviz.stats.correlation import RankCorrelation, rank_correlation
from udviz.ui import charts, tables
from udviz.ui.sidebar import open_label
from udviz.ui.study import Study, StudyError, remake_command
from udviz.ui.words import verdict_word

NO_STUDENT = (
    "A gain is the average precision of a distilled student minus that of a baseline student. "
    "This study compares no such pair on this split, so no label has a gain."
)
HOW_TO_READ_FOREST = (
    "Each row is a label: its gain and the 95 % interval of that gain. Verdicts are corrected for "
    "looking at all labels at once (of those called helped or hurt, at most about 5 % are expected "
    "to be wrong), so a line that leaves out zero is not yet proof. Names in *italics* have too "
    "few positives to be trusted. Click a row to open the label."
)
HOW_TO_READ_SCATTERS = (
    "Each mark is a label with enough positives; click it to open it. The interval of the "
    "correlation says how far it could move with other labels, and does not know how uncertain "
    "each gain is. A link is no cause: an easy label, for one, has little room to gain."
)
ORDERS = {
    "largest gain first": ("gain", False),
    "largest loss first": ("gain", True),
    "clearest first (lowest q)": ("gain_q", True),
    "hardest first": ("difficulty_rank", True),
}
AGAINST = {  # column, and what its axis says
    "difficulty": "Difficulty for the teacher, higher is harder",
    "disagreement": "Mean disagreement of the teacher, nats",
}
_COLUMNS: dict[str, tuple[str, str | None]] = {  # column: its heading, its number format
    "label": ("Label", None),
    "gain": ("Gain", "%.3f"),
    "gain_low": ("Gain, low", "%.3f"),
    "gain_high": ("Gain, high", "%.3f"),
    "gain_p": ("p", "%.3f"),
    "gain_q": ("q", "%.3f"),
    "verdict": ("Verdict", None),
    "supported": ("Enough positives", None),
    "images_to_decide": ("Images to decide", "localized"),
    "closed": ("Gap closed", "%.2f"),
    "closed_low": ("Gap closed, low", "%.2f"),
    "closed_high": ("Gap closed, high", "%.2f"),
}
_GAP = {"closed": "closed", "low": "closed_low", "high": "closed_high"}


def summary(labels: pd.DataFrame, gain: pd.Series | None) -> str:
    """How many labels were helped and hurt, and the gain in mean AP, as Markdown."""
    n = _verdicts(labels).value_counts().reindex(list(VERDICTS), fill_value=0)
    text = (
        f"Of {plural(len(labels), 'label')}, distillation **helped {count(n['helped'])}** "
        f"{VERDICTS['helped'].glyph} and **hurt {count(n['hurt'])}** {VERDICTS['hurt'].glyph}; "
        f"for **{count(n[UNDECIDED])}** {VERDICTS[UNDECIDED].glyph} it cannot be told"
    )
    if gain is None or pd.isna(gain["gain"]):
        return f"{text}."
    seeds = "includes" if gain["includes_seed_variance"] else "does **not** include"
    return (
        f"{text}; the mean average precision changes by **{number(gain['gain'], sign=True)}** "
        f"(95 % interval {interval(gain['low'], gain['high'], sign=True)}, "
        f"which {seeds} the variance between training seeds)."
    )


def pick_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Ask which verdicts and in what order, kept in the URL; the labels that fit."""
    orders = [name for name, (column, _) in ORDERS.items() if labels[column].notna().any()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", orders, key="sort", bind="query-params", width=240)
        wanted = st.pills(
            "Verdict", list(VERDICTS), selection_mode="multi", key="verdict", bind="query-params"
        )
    column, ascending = ORDERS[order]
    chosen = labels[_verdicts(labels).isin(wanted or list(VERDICTS))]
    return chosen.sort_values(column, ascending=ascending, kind="stable", na_position="last")


def with_gap(labels: pd.DataFrame, study: Study) -> pd.DataFrame:
    """``labels`` with the gap closed and its interval, or an explanation why not."""
    file = study.path / "analysis" / "gap.parquet"
    try:
        gap = _read_gap(str(file), file.stat().st_mtime_ns if file.is_file() else 0)
    except StudyError as error:
        st.info(f"The gap closed is not in the table: {error} This command makes it again:")
        st.code(remake_command(study.path), language="bash", wrap_lines=True)
        return labels
    return labels.merge(gap, how="left", on=["split", "label"])


def gains_table(labels: pd.DataFrame) -> pd.DataFrame:
    """One row per label, numbers as numbers so that the table sorts by them.

    Infinity (no number of images decides; the gap may be zero) is left empty; columns that this
    study does not have are left out.
    """
    table = labels.assign(verdict=labels["verdict"].map(verdict_word))
    table = table[[name for name in _COLUMNS if name in table]]
    finite = table.replace([float("inf"), float("-inf")], float("nan"))
    return finite.rename(columns={name: heading for name, (heading, _) in _COLUMNS.items()})


def draw_table(labels: pd.DataFrame, *, opened: str | None, key: str) -> None:
    """Draw `gains_table`; a click on a row opens its label, whose row is marked."""
    tables.draw_rows(
        gains_table(labels),
        labels["label"].tolist(),
        opened=opened,
        key=key,
        alt="The gain of every label in view with its evidence, one row per label",
        formats={
            heading: st.column_config.NumberColumn(format=form)
            for heading, form in _COLUMNS.values()
            if form
        },
    )


def how_to_read_table(table: pd.DataFrame, *, n_images: int) -> str:
    """What those columns of ``table`` mean that do not speak for themselves."""
    meanings = {
        "gain_q": "q: p corrected for looking at all labels at once; a label with very few "
        "positives is not tested.",
        "images_to_decide": "Images to decide: test images that would find a gain of the size seen "
        f"with 80 % power, where this split has {n_images:,}; a dash where no number would do.",
        "closed": "Gap closed: share of the way from the baseline to the teacher, 1 reaches it; a "
        "dash where the two may be equally good, so that any share is possible.",
    }
    return " ".join(meaning for column, meaning in meanings.items() if column in table)


def draw_against(labels: pd.DataFrame, column: str) -> None:
    """Gain against one number of the labels with enough positives, and their correlation."""
    trusted = labels[labels["supported"].fillna(value=True).astype(bool)]
    correlation = rank_correlation(trusted[column].to_numpy(float), trusted["gain"].to_numpy(float))
    if not correlation.n:
        st.info(f"No label with enough positives has both a gain and a {column} of the teacher.")
        return
    said = about_correlation(correlation, column)
    title = f"Gain against {column}"
    figure = gain_scatter(trusted, against=column, axis_title=AGAINST[column], title=title)
    alt = f"{title}, one mark per label. {said.replace('*', '')}"
    charts.draw(figure, key=f"gain-{column}", alt=alt, on_click=open_label)
    st.markdown(said)


def about_correlation(correlation: RankCorrelation, column: str) -> str:
    """Size, interval and meaning of the rank correlation of gain with ``column``, as Markdown."""
    labels = plural(correlation.n, "label")
    if pd.isna(correlation.rho):
        return f"{labels} with too few different values: no rank correlation can be told."
    meaning = f"whether labels with more {column} gain more **cannot be told**"
    if correlation.low > 0:
        meaning = f"labels with more {column} gain **more**"
    elif correlation.high < 0:
        meaning = f"labels with more {column} gain **less**"
    return (
        f"Spearman's rank correlation **{number(correlation.rho, digits=2, sign=True)}** "
        f"(95 % interval {interval(correlation.low, correlation.high, digits=2, sign=True)}, "
        f"{labels}): {meaning}."
    )


def _verdicts(labels: pd.DataFrame) -> pd.Series:
    return labels["verdict"].where(labels["verdict"].isin(VERDICTS), UNDECIDED)


@st.cache_resource(max_entries=4, show_spinner=False)
def _read_gap(path: str, modified_ns: int) -> pd.DataFrame:
    file = Path(path)
    if not file.is_file():
        raise StudyError(f"`{file}` is missing.")
    try:
        return pd.read_parquet(file, columns=["split", "label", *_GAP]).rename(columns=_GAP)
    except (OSError, ValueError) as error:
        raise StudyError(f"`{file}` cannot be read ({error}).") from error
