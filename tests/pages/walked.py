"""A study that is walked through page by page, and how a cell is held against its source."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from tests.analysis.fake import rows_of as table_rows
from tests.pages.caches import write_caches, write_calibration
from tests.pages.synthetic import change_tables, names_of, table_of, write_study
from udviz.studies.events import append_event
from udviz.studies.status import Status, write_status

OPENED = "label 0003"
Source = Callable[["Row"], object]


class Row:
    """One row of a table on a page, and what the analysis says of its label and model."""

    def __init__(self, study: Path, cells: Mapping[str, object]) -> None:
        self.study = study
        self.label = cells.get("Label", OPENED)
        self.model = str(cells.get("Model", "")).partition(" ")[2]

    def find(self, table: str, column: str, **where: object) -> object:
        """The one value of a table of the analysis."""
        rows = table_of(self.study, table)
        for name, value in ({"split": "test"} | where).items():
            rows = rows[rows[name] == value]
        assert len(rows) == 1, (table, where)
        return rows[column].iloc[0]

    def score(self, column: str, model: str = "") -> object:
        return self.find("scores", column, model=model or self.model, label=self.label)

    def model_row(self, column: str) -> object:
        return self.find("models", column, model=self.model)

    def label_row(self, column: str) -> object:
        return self.find("labels", column, label=self.label)

    def change(self, column: str, table: str = "comparisons") -> object:
        pair = {"before": "baseline", "after": "distilled", "label": self.label}
        if table == "comparisons":
            pair |= {"scope": "label", "metric": "average_precision"}
        return self.find(table, column, **pair)

    def calibration(self, column: str, model: str = "") -> object:
        scope = {"scope": "label", "label": self.label} if model else {"scope": "pooled"}
        where = {"model": model or self.model, "recalibration": "none"}
        return self.find("calibration", column, **where, **scope)


def text(value: object, digits: int = 3, sign: str = "") -> str:
    return f"{value:{sign}.{digits}f}".replace("-", "−") if np.isfinite(value) else "–"


def texts_of(read: Callable[[Row, str], object], **columns: str) -> dict[str, Source]:
    return {head: lambda row, c=column: text(read(row, c)) for head, column in columns.items()}


def numbers_of(read: Callable[[Row, str], object], **columns: str) -> dict[str, Source]:
    return {head: lambda row, c=column: read(row, c) for head, column in columns.items()}


def span(read: Callable[[Row, str], object], column: str) -> Source:
    return lambda row: f"{text(read(row, f'{column}_low'))} to {text(read(row, f'{column}_high'))}"


def per_model(head: str, read: Callable[[Row, str, str], object], column: str) -> dict[str, Source]:
    models = ("teacher", "baseline", "distilled")
    return {head.format(model): lambda row, m=model: read(row, column, m) for model in models}


def write_walked(path: Path) -> Path:
    """A study with caches, maps, runs and their logs, in which no two numbers are alike."""
    study = write_study(path, names=names_of(6))
    recipe = study / "study.toml"
    small = 'kind = "scenes"\nside_px = 64'
    recipe.write_text(recipe.read_text().replace('kind = "scenes"', small))
    write_caches(study, with_maps=("teacher", "distilled"))
    write_calibration(study)
    _write_tables(study)
    for place, run in enumerate(("teacher", "baseline-0", "distilled-0")):
        _write_run(study / run, place)
    write_status(study, Status(state="finished", stage="Done", fraction=1.0))
    return study


def _write_tables(study: Path) -> None:
    """What the analysis says of attention, drawn at random; one label is rare in training."""
    rng, names = np.random.default_rng(2), np.array(names_of(6), dtype=object)
    numbers = ("correlation", "correlation_low", "correlation_high", "correlation_elsewhere")
    shared = {"split": "test", "label": names, "column": np.arange(6)}
    models = table_of(study, "models")
    change_tables(
        study,
        models=models.assign(n_trained=5, mean_ap_trained=models["mean_ap"] + 0.01),
        attention_agreement=table_rows(
            "attention_agreement",
            model="teacher",
            other_model="distilled",
            images=rng.integers(10, 90, 6),
            overlap=rng.uniform(0, 1, 6),
            **{name: rng.uniform(-1, 1, 6) for name in numbers},
            **shared,
        ),
        localisation=pd.concat(
            table_rows(
                "localisation",
                model=model,
                hit=rng.uniform(0, 1, 6),
                energy_beyond_centre=rng.normal(0, 0.1, 6),
                **shared,
            )
            for model in ("teacher", "distilled")
        ),
    )


def _write_run(run: Path, place: int) -> None:
    """Status and log of a run of three epochs, of which the second is the best."""
    write_status(run, Status(state="finished", stage="x", fraction=1.0))
    for epoch, score in enumerate((0.3, 0.6, 0.5), start=1):
        append_event(
            run / "events.jsonl",
            {
                "event": "epoch",
                "epoch": epoch,
                "step": 0,
                "validation_map": score + place / 100,
                "label_precision": [score / (column + 1) for column in range(6)],
                "largest_logit": 20.0 + 7 * place + epoch,
                "dead_channels": 40 * place,
                "channels": 512,
            },
        )


def rows_of(frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    whole = frame.reset_index() if frame.index.name else frame
    heads = [re.sub(r"[◆■●] ", "", str(head)) for head in whole]
    for cells in whole.itertuples(index=False):
        yield dict(zip(heads, cells, strict=True))


def same(shown: object, expected: object) -> bool:
    if isinstance(expected, str):
        return shown == expected or (not expected and pd.isna(shown))
    if pd.isna(shown):
        return not np.isfinite(expected) or expected == -1  # unknown, or a gap of nearly zero
    return bool(np.isclose(float(shown), float(expected), rtol=1e-12, atol=0))


def check(study: Path, page: str, frame: pd.DataFrame, sources: Mapping[str, Source]) -> None:
    for cells in rows_of(frame):
        row = Row(study, cells)
        for head, shown in cells.items():
            if head not in ("Label", "Model"):
                expected = sources[head](row)
                assert same(shown, expected), (page, head, row.label, row.model, shown, expected)


def frames(app: AppTest) -> list[pd.DataFrame]:
    assert not app.exception
    assert not app.metric, "a number that no source is known of"
    return [frame.value for frame in app.dataframe]
