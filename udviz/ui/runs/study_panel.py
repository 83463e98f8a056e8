"""One study, opened: its runs and how far they are, their curves, the end of its log."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.figures.models.curves import label_curves, loss_curves, score_curves, style_of
from udviz.figures.style.text import one_line, safe_html, safe_markdown
from udviz.figures.style.theme import MarkerStyle
from udviz.launching.cluster import job_state, log_of
from udviz.launching.queue import waiting
from udviz.studies.directory import RunDirectory, check_links
from udviz.studies.listing import StudyEntry, list_runs, memory_of
from udviz.studies.log import LOG_FILE, tail
from udviz.studies.status import Status, read_status
from udviz.ui.frame import charts
from udviz.ui.frame.activity import POLL_SECONDS
from udviz.ui.frame.start import time_left
from udviz.ui.runs import curves, run_table
from udviz.ui.runs.study_table import state_word

NO_STATUS = (
    "The status file is missing, damaged or from another version, so the progress is not known. "
    "Trained models are not affected; resume the study to complete it."
)
N_HARDEST = 6
HOW_TO_READ = (
    "Each line is one run: a model with one seed. Losses are running means of the epoch, so they "
    "jump where an epoch begins."
)


def show_title(entry: StudyEntry) -> None:
    """Name and state of the opened study."""
    st.header(f"{safe_markdown(one_line(entry.name))}: {state_word(entry.status)}", anchor=False)


def show_study(entry: StudyEntry) -> None:
    """Draw the opened study, again every other second while it is alive."""
    run_every = POLL_SECONDS if entry.is_alive else None
    st.fragment(_draw, run_every=run_every)(entry.path)


def _draw(study: Path) -> None:
    try:
        check_links(study)
    except ValueError as error:
        st.error(safe_markdown(str(error)), icon=":material/link_off:")
        return
    status = read_status(study)
    if status is None:
        st.info(NO_STATUS, icon=":material/info:")
    else:
        _show_status(study, status)
    runs = list_runs(study)
    if runs:
        styles = run_table.styles_of(study, runs)
        run_table.draw_runs(runs, styles)
        _show_curves(runs, styles)
    _show_log(study / LOG_FILE)
    if status is not None and status.job:
        _show_word_of_cluster(study, status)


def _show_word_of_cluster(study: Path, status: Status) -> None:
    path = log_of(status.job, study)
    text = tail(path) if path else ""
    if text:
        with st.expander(f"Cluster output of job {safe_markdown(status.job)}"):
            st.code(text, language=None, wrap_lines=True)


def _show_status(study: Path, status: Status) -> None:
    if status.state == "queued":
        waits = _in_cluster(status) if status.job else _place_in_queue(study)
        st.info(waits, icon=":material/hourglass_empty:")
        return
    if status.state == "finished":
        return
    if status.state in ("failed", "lost", "stopped"):
        st.warning(safe_markdown(status.message), icon=":material/warning:")
    st.progress(min(max(status.fraction, 0.0), 1.0), text=safe_markdown(status.stage))
    facts = [f"{status.fraction:.0%} done", f"job {status.job}" if status.job else ""]
    if status.state in ("running", "stopping"):
        memory = memory_of(status)
        facts += [status.rate, time_left(status.seconds_left), status.message]
        facts += [f"{memory / 2**30:.1f} GiB of memory"] if memory else []
    st.markdown(" · ".join(safe_markdown(fact) for fact in facts if fact))


def _place_in_queue(study: Path) -> str:
    names = [ticket.study for ticket in waiting(study.parent)]
    place = names.index(study.name) + 1 if study.name in names else 1
    return (
        f"Position {place} of {max(len(names), 1)} in the queue. It starts when a device is free, "
        "even if no page is open: one study per GPU, or one at a time without GPUs."
    )


def _in_cluster(status: Status) -> str:
    state = job_state(status.job)
    told = f"; cluster state: {state.word.lower()}" if state else ""
    return safe_markdown(f"{status.stage}, as job {status.job}{told}")


def _show_curves(runs: list[RunDirectory], styles: Mapping[str, MarkerStyle]) -> None:
    scores = curves.validation_scores(runs)
    if scores.empty:
        st.caption("No epoch is complete yet; curves appear after the first one.")
    else:
        charts.draw(
            score_curves(scores, styles, title="Validation mAP by epoch (higher is better)"),
            key="scores",
            alt=_alt_scores(scores),
        )
    names = [run.name for run in runs]
    chosen = st.selectbox(
        "Losses and labels of run",
        names,
        index=len(names) - 1,
        key="run",
        bind="query-params",
        width=300,
    )
    run = runs[names.index(chosen)]
    style = style_of(run.name, styles)
    losses = curves.losses(run)
    if not losses.empty:
        title = f"Losses of {safe_html(run.name)} (lower is better)"
        charts.draw(
            loss_curves(losses, style, title=title),
            key="losses",
            alt=f"{losses['loss'].nunique()} losses of {one_line(run.name)} by training step.",
        )
    hardest = curves.hardest_labels(run, n_labels=N_HARDEST)
    if not hardest.empty:
        title = f"Validation AP of the hardest labels of {safe_html(run.name)}"
        charts.draw(
            label_curves(hardest, style, title=title),
            key="hardest",
            alt=_alt_hardest(hardest),
        )
    st.caption(HOW_TO_READ)


def _alt_scores(scores: pd.DataFrame) -> str:
    last = scores.groupby("run", sort=False).last()
    told = [f"{one_line(str(run))} {row['validation_map']:.3f}" for run, row in last.iterrows()]
    return f"Validation mAP after every epoch; the latest: {', '.join(told)}."


def _alt_hardest(hardest: pd.DataFrame) -> str:
    last = hardest.groupby("label", sort=False)["value"].last()
    told = [f"{one_line(str(label))} {value:.3f}" for label, value in last.items()]
    return f"Average precision by epoch of the labels that are hardest by now: {', '.join(told)}."


def _show_log(path: Path) -> None:
    text = tail(path)
    if text:
        st.caption(f"Last lines of `{path}`")
        st.code(text, language=None, height=260 if text.count("\n") > 9 else "content")
    else:
        st.caption(f"`{path}` is empty; a study started in a terminal writes to that terminal.")
