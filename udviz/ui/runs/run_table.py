"""The runs of one study as a table: one row per model and seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from udviz.checks import is_number
from udviz.figures.models.curves import style_of
from udviz.figures.style.text import plural, safe_markdown
from udviz.figures.style.theme import MarkerStyle, model_styles
from udviz.recipe.files import read_recipe
from udviz.recipe.students import CROSSFIT
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.studies.events import last_epoch, read_events, symptoms
from udviz.studies.status import read_status
from udviz.ui.labels import tables
from udviz.ui.runs import curves
from udviz.ui.runs.study_table import state_word

HELP = {
    "Seed": "Seed of the weights and the order of images; empty of a study's only teacher. Of a "
    "cross-fitting run, the fold of training images that it leaves out.",
    "Best validation mAP": "Highest validation mAP of any epoch, whose weights are kept.",
    "Dead channels": "Channels of the last feature map that are 0 in nearly every image, after the "
    "last epoch.",
    "Largest logit": "Largest absolute logit on validation, after the last epoch.",
}
_COLUMNS = [
    *("Model", "Seed", "State", "Progress", "Epochs", "Best validation mAP"),
    *("Dead channels", "Largest logit"),
]


def styles_of(study: Path, runs: Sequence[RunDirectory]) -> dict[str, MarkerStyle]:
    """How each model is drawn, as on all pages; of a damaged recipe those that have a run."""
    try:
        named: tuple[str, ...] = read_recipe(study / STUDY_FILE).models
    except (OSError, ValueError):
        named = ()
    found = [model_and_seed(run.name)[0] for run in runs]
    return model_styles([n for n in dict.fromkeys([*named, *found]) if n != CROSSFIT])


def model_and_seed(run: str) -> tuple[str, int | None]:
    """What a run's directory is called after; a study's only teacher has no seed in its name."""
    model, _, seed = run.rpartition("-")
    return (model, int(seed)) if model and seed.isascii() and seed.isdigit() else (run, None)


def run_table(runs: Sequence[RunDirectory], styles: Mapping[str, MarkerStyle]) -> pd.DataFrame:
    """One row per run, in the order in which they were begun.

    Returns:
        Columns ``Model``, ``Seed``, ``State``, ``Progress`` in [0, 1], ``Epochs`` that are
        complete, ``Best validation mAP`` in [0, 1], and after the last epoch ``Dead channels`` and
        ``Largest logit``.
    """
    scores = curves.validation_scores(runs).groupby("run")
    epochs, best = scores["epoch"].max(), scores["validation_map"].max()
    rows = []
    for run in runs:
        status, (model, seed) = read_status(run.path), model_and_seed(run.name)
        style, last = style_of(run.name, styles), last_epoch(read_events(run.events))
        rows.append(
            {
                "Model": style.text if model in styles else f"{style.glyph} {model}",
                "Seed": seed,
                "State": state_word(status),
                "Progress": round(status.fraction, 2) if status else None,
                "Epochs": epochs.get(run.name),
                "Best validation mAP": best.get(run.name),
                "Dead channels": _number(last, "dead_channels"),
                "Largest logit": _number(last, "largest_logit"),
            }
        )
    whole = dict.fromkeys(("Seed", "Epochs"), "Int64")
    measured = dict.fromkeys(("Dead channels", "Largest logit"), "float64")
    return pd.DataFrame(rows, columns=_COLUMNS).astype(whole | measured)


def unusual(runs: Sequence[RunDirectory]) -> str:
    """What is unusual in the networks of ``runs``, as a Markdown list; empty for nothing."""
    return "\n".join(
        f"- {safe_markdown(run.name)}: {safe_markdown(sentence)}"
        for run in runs
        for sentence in symptoms(last_epoch(read_events(run.events)))
    )


def _number(event: Mapping[str, Any], name: str) -> float | None:
    return float(value) if is_number(value := event.get(name)) else None


def draw_runs(runs: Sequence[RunDirectory], styles: Mapping[str, MarkerStyle]) -> None:
    """Draw `run_table`, and say what is unusual in it."""
    tables.draw(
        run_table(runs, styles),
        key="runs",
        alt=f"{plural(len(runs), 'run')} of this study by model and seed, with their progress",
        formats={
            "Model": st.column_config.TextColumn(pinned=True),
            "Seed": st.column_config.NumberColumn(format="%d", help=HELP["Seed"]),
            "Progress": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent", width="small"
            ),
            "Best validation mAP": st.column_config.NumberColumn(
                format="%.3f", help=HELP["Best validation mAP"]
            ),
            "Dead channels": st.column_config.NumberColumn(format="%d", help=HELP["Dead channels"]),
            "Largest logit": st.column_config.NumberColumn(
                format="%.1f", help=HELP["Largest logit"]
            ),
        },
    )
    if told := unusual(runs):
        st.warning(f"Unusual after the last epoch:\n\n{told}", icon=":material/monitor_heart:")
