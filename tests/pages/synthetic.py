"""A study directory with made-up numbers, as the analysis leaves it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tests.analysis.fake import COMPARISONS, MODELS, write_fake
from udviz.analysis.schema.tables import BY_NAME
from udviz.analysis.store import read_table, write_analysis
from udviz.stats.slices.differences import SliceData, compare_slices, corrected_p

EIGHT = (*MODELS, "cal", "kd", "pdd", "mld", "cam")
TWELVE = (*EIGHT, "asl", "uniform", "wide", "long")
HOSTILE_NAMES = (
    "<b>bold</b> & <script>alert(1)</script>",
    "*stars* _under_ `code` [link](http://x.y) :smile: $x^2$ # 1. |",
    "🦜🦜🦜 parrots 👩‍👩‍👧‍👦",
    "كلب صغير أسود",
    "עץ (tree)",
    "very long name " * 13 + "end",  # 198 characters
    "two\nlines\tand a tab",
    "%{x} %{customdata[0]} &lt;",
    "🙂",
    "=1+1",
)


def names_of(n_labels: int) -> list[str]:
    return [f"label {place:04d}" for place in range(n_labels)]


def pairs_of(models: Sequence[str]) -> list[tuple[str, str]]:
    """The baseline against every other student, as a recipe has it by default."""
    students = [name for name in models if name != "teacher"]
    return [(students[0], after) for after in students[1:]]


def write_study(
    path: Path,
    *,
    names: Sequence[str],
    n_seeds: int = 1,
    models: Sequence[str] = MODELS,
    comparisons: Sequence[tuple[str, str]] | None = None,
) -> Path:
    path.mkdir(parents=True)
    (path / "study.toml").write_text(
        f'name = "{path.name}"\ndescription = "Made-up numbers for tests"\n'
        f"seeds = {list(range(n_seeds))}\nmin_positives = 20\nmin_train_positives = 30\n"
        '[data]\nkind = "scenes"\nn_train = 9\nn_val = 9\nn_test = 9\n'  # quickly drawn
        '[teacher]\nbackbone = "small_wide"\n'
        '[student]\nbackbone = "small"\n',
        encoding="utf-8",
    )
    default = COMPARISONS if models == MODELS else pairs_of(models)
    pairs = default if comparisons is None else comparisons
    write_fake(path, names, models=models, comparisons=pairs, seeds=n_seeds)
    return path


def table_of(study: Path, name: str) -> pd.DataFrame:
    return read_table(study, name)


def change_tables(study: Path, **changed: pd.DataFrame) -> None:
    """Write the analysis of ``study`` again with other rows of some tables."""
    tables = {name: read_table(study, name) for name in BY_NAME} | changed
    write_analysis(study, tables, inputs={"drawn": "for tests"})


def add_false_positives(study: Path) -> pd.DataFrame:
    """Add rates at equal recall to ``comparisons``, and return them.

    Every label's rate falls from 0.5 to 0.25 at a recall of 0.5, from 0.75 to 0.5 at 0.8; every
    other label is hard.
    """
    comparisons, labels = table_of(study, "comparisons"), table_of(study, "labels")
    precision = comparisons.query("split == 'test'")
    parts = []
    for percent, before in ((50, 0.5), (80, 0.75)):
        rows = precision.assign(
            metric=f"false_positive_rate_at_recall_{percent}",
            before_value=before,
            after_value=before - 0.25,
            gain=-0.25,
            gain_low=-0.375,
            gain_high=-0.125,
            verdict="helped",
        )
        mean = rows[rows["scope"] == "mean"]
        parts += [rows, mean.assign(scope="hard", n_labels=10), mean.assign(scope="rest")]
    added = pd.concat(parts, ignore_index=True)
    change_tables(
        study,
        comparisons=pd.concat([comparisons, added], ignore_index=True),
        labels=labels.assign(hard=(labels["column"] % 2 == 0) & labels["supported"]),
    )
    return added


def add_slices(
    study: Path, *, sites: Sequence[str] = ("north", "south"), planted: str | None = None
) -> pd.DataFrame:
    """Slice the images of ``study`` by site, and return the table ``slices``.

    Nothing differs but the label ``planted``, which only the first site has marked well.
    """
    rng = np.random.default_rng(1)
    names = table_of(study, "labels").query("split == 'test'")["label"].tolist()
    targets = (rng.random((600, len(names))) < 0.3).astype(np.int8)
    places = pd.Series(rng.choice(list(sites), 600))
    logits = targets + rng.normal(size=targets.shape)
    if planted is not None:
        unmarked = (places != sites[0]) & (rng.random(600) < 0.9)
        targets[unmarked, names.index(planted)] = 0
    data = SliceData(targets=targets, slices=places, label_names=names, min_positives=20)
    judged = replace(data, runs=[logits], thresholds=[np.zeros(len(names))])
    parts = [compare_slices(data).assign(split=split) for split in ("all", "test")]
    parts.append(compare_slices(judged).assign(split="test"))
    rows = pd.concat(parts, ignore_index=True).assign(slice_column="site")
    rows["q"] = corrected_p(rows)
    change_tables(study, slices=rows)
    return table_of(study, "slices")
