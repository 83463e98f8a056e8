"""What the tables of a study advise, read and put together alike for every page that says it."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from udviz.stats.difficulty.actions import PAIR, label_actions, wrong_decisions
from udviz.stats.difficulty.measures import has_cause
from udviz.stats.labels.list_caps import ListCap, list_cap, may_go_together
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import Where, analysis_rows, written
from udviz.ui.load.study import TABLES, StudyError

_CALIBRATION = ["label", "recalibration", "brier", "nll", "ece"]
_GAP = ["before", "teacher", "label", "gap", "bounded"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Advice:
    """What could be done about the labels of a split.

    Attributes:
        actions: From `label_actions`.
        wrong: From `wrong_decisions`, of the reference.
        problems: Tables that cannot be read, as Markdown; what they would tell is left out.
    """

    actions: pd.DataFrame
    wrong: pd.DataFrame
    problems: list[str]

    def about(self, label: str) -> pd.DataFrame:
        """The actions on one label."""
        return self.actions[self.actions["label"] == label]


def advise(view: View) -> Advice:
    """What the tables of the split in view advise, as far as they can be read.

    It is worked out again only after one of them changed.
    """
    tables = written(view.study, *TABLES, "confusions", "calibration", "gap", "suspects")
    return _advice(str(view.study.path), tables, view.split, view.pair, view)


def cap_of_lists(view: View) -> ListCap | None:
    """The number at which the label lists of the data set seem to be cut, if at any.

    Nothing is said where targets are unknown, or a table cannot be read.
    """
    tables = written(view.study, "labels_per_image", "label_counts", "co_occurrence")
    return _cap(str(view.study.path), tables, view.split, view)


@st.cache_resource(max_entries=8, show_spinner=False)
def _advice(
    path: str, written_ns: tuple[int, ...], split: str, pair: tuple[str, str] | None, _view: View
) -> Advice:
    view = _view
    problems: list[str] = []

    def read(name: str, columns: list[str], *where: tuple[str, str]) -> pd.DataFrame:
        wanted: Where = tuple((column, (value,)) for column, value in where)
        try:
            return analysis_rows(view.study, name, columns=columns, where=wanted)
        except StudyError as error:
            problems.append(str(error))
            return pd.DataFrame(columns=columns)

    here = ("split", view.split)
    of_reference = (here, ("model", view.reference), ("scope", "label"))
    actions = label_actions(
        view.labels,
        view.scores,
        reference=view.reference,
        confusions=read("confusions", ["label", *PAIR], here),
        calibration=read("calibration", _CALIBRATION, *of_reference),
        gaps=_of_first(read("gap", _GAP, ("split", "val")), view.pair),
        training_judged=_doubts(view) and not read("suspects", ["split"], ("split", "train")).empty,
    )
    own = view.scores[view.scores["model"] == view.reference]
    return Advice(actions=actions, wrong=wrong_decisions(view.labels, own), problems=problems)


@st.cache_resource(max_entries=8, show_spinner=False)
def _cap(path: str, written_ns: tuple[int, ...], split: str, _view: View) -> ListCap | None:
    view = _view
    try:
        counts = analysis_rows(view.study, "labels_per_image", columns=["labels", "images"])
        cap = list_cap(counts.groupby("labels")["images"].sum().to_numpy())
        if cap is None or _any_unknown(view):
            return None
        columns, where = ["label", "other_label", "lift"], (("split", (view.split,)),)
        pairs = analysis_rows(view.study, "co_occurrence", columns=columns, where=where)
    except StudyError:
        return None
    return cap if may_go_together(pairs, cap.labels + 1) else None


def _of_first(gaps: pd.DataFrame, pair: tuple[str, str] | None) -> pd.DataFrame:
    """Gaps of the model before of ``pair``, else of the first one, once per label."""
    before = next(iter(gaps["before"]), None)
    if pair is not None and (gaps["before"] == pair[0]).any():
        before = pair[0]
    return gaps[gaps["before"] == before].drop_duplicates("label")


def _doubts(view: View) -> bool:
    """Whether any label misses annotations: only then it matters which were judged."""
    return bool(has_cause(view.labels, "missing annotations").any())


def _any_unknown(view: View) -> bool:
    return bool(analysis_rows(view.study, "label_counts", columns=["unknown"])["unknown"].any())
