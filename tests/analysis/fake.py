"""Made-up tables of an analysis, for any models, labels and comparisons, through its schema."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.analysis.schema.columns import Column, Table
from udviz.analysis.schema.tables import BY_NAME
from udviz.analysis.store import write_analysis
from udviz.vocabulary import CAUSES, HELPED, HURT, INCONCLUSIVE

SPLITS = ("val", "test")
MODELS = ("teacher", "baseline", "distilled")
COMPARISONS = (("baseline", "distilled"),)
N_IMAGES = 1200
MIN_POSITIVES = 20


def fake_tables(
    names: Sequence[str],
    *,
    models: Sequence[str] = MODELS,
    comparisons: Sequence[tuple[str, str]] = COMPARISONS,
    seeds: int = 1,
    splits: Sequence[str] = SPLITS,
    rng: np.random.Generator | None = None,
) -> dict[str, pd.DataFrame]:
    """Tables that belong together: scores, comparisons, gaps and means come from one draw.

    A model called ``teacher`` is the teacher, with one run; the first model is the reference. There
    are ``models``, ``scores``, ``comparisons``, ``labels``, ``gap``, ``thresholds`` and
    ``label_counts``; the others are empty (`write_fake` writes them so).
    """
    rng = np.random.default_rng(0) if rng is None else rng
    parts: dict[str, list[pd.DataFrame]] = {}
    for split in splits:
        labels = _labels(names, split, rng)
        scores = {model: _scores(labels, split, model, rng) for model in models}
        runs = {model: 1 if model == "teacher" else seeds for model in models}
        compared = [
            _comparison(labels, split, before, after, scores, seeds, rng)
            for before, after in comparisons
        ]
        tables = {
            "labels": [labels],
            "scores": list(scores.values()),
            "models": [
                _model(labels, split, model, scores[model], runs[model], model == models[0])
                for model in models
            ],
            "comparisons": compared,
            "gap": [
                _gap(split, before, after, scores)
                for before, after in comparisons
                if "teacher" in models and "teacher" not in (before, after)
            ],
        }
        for name, found in tables.items():
            parts.setdefault(name, []).extend(found)
    parts["thresholds"] = [
        _thresholds(names, model, seed, rng)
        for model in models
        for seed in range(1 if model == "teacher" else seeds)
    ]
    parts["label_counts"] = [_label_counts(names, split, rng) for split in ("train", *splits)]
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items() if found}


def write_fake(study: Path, names: Sequence[str], **settings: object) -> dict[str, pd.DataFrame]:
    """Write `fake_tables` as the analysis of a study, and return them."""
    tables = fake_tables(names, **settings)  # type: ignore[arg-type]
    study.mkdir(parents=True, exist_ok=True)
    write_analysis(study, tables, inputs={"drawn": "for tests"})
    return tables


def rows_of(name: str, **columns: object) -> pd.DataFrame:
    """Rows of the table ``name`` from the columns given; the others are filled in.

    Numbers are filled with 0.5, integers with 0, words with ``""`` and truths with False; optional
    columns are left out.
    """
    table: Table = BY_NAME[name]
    for given in columns:
        table.column(given)
    length = max((np.size(value) for value in columns.values()), default=1)
    return pd.DataFrame(
        {
            column.name: columns.get(column.name, _filled(column, length))
            for column in table.columns
            if column.name in columns or not column.optional
        },
        index=range(length),
    )


def _filled(column: Column, length: int) -> np.ndarray:
    fill: dict[str, object] = {"number": 0.5, "integer": 0, "text": "", "boolean": False}
    kind = {"number": np.float64, "integer": np.int64, "text": object, "boolean": bool}
    return np.full(length, fill[column.type], dtype=kind[column.type])


def _labels(names: Sequence[str], split: str, rng: np.random.Generator) -> pd.DataFrame:
    n = len(names)
    positives = np.maximum(1, rng.gamma(1.5, 80, n).astype(int))
    difficulty = np.clip(rng.beta(2, 4, n), 0.01, 0.97)
    half = np.clip(0.6 / np.sqrt(positives), 0.01, 0.3)
    rank = np.empty(n, dtype=int)
    rank[np.argsort(-difficulty)] = np.arange(1, n + 1)
    spread = np.maximum(1, (half * n * 0.5).astype(int))
    return rows_of(
        "labels",
        split=split,
        label=list(names),
        column=np.arange(n),
        positives=positives,
        known=np.full(n, N_IMAGES),
        prevalence=positives / N_IMAGES,
        supported=positives >= MIN_POSITIVES,
        train_positives=positives * 2,
        chance=positives / N_IMAGES,
        difficulty=difficulty,
        difficulty_low=difficulty - half / 2,
        difficulty_high=difficulty + half / 2,
        difficulty_rank=rank,
        rank_low=np.maximum(1, rank - spread),
        rank_high=np.minimum(n, rank + spread),
        disagreement=rng.gamma(1.0, 0.01, n),
        entropy=rng.uniform(0, np.log(2), n),
        causes=[_causes(rank[place] / n, rng) for place in range(n)],
    )


def _causes(place: float, rng: np.random.Generator) -> str:
    chosen = rng.random(len(CAUSES)) < 0.5 * (1 - place)
    return ", ".join(cause for cause, yes in zip(CAUSES, chosen, strict=True) if yes)


def _scores(labels: pd.DataFrame, split: str, model: str, rng: np.random.Generator) -> pd.DataFrame:
    n = len(labels)
    lead = 0.0 if model == "teacher" else rng.normal(0.05, 0.03, n)
    ap = np.clip(1 - labels["difficulty"].to_numpy() - lead, 0.02, 0.99)
    half = np.clip(0.3 / np.sqrt(labels["positives"].to_numpy()), 0.005, 0.15)
    return rows_of(
        "scores",
        split=split,
        model=model,
        label=labels["label"].to_numpy(dtype=object),
        column=np.arange(n),
        average_precision=ap,
        average_precision_low=np.clip(ap - half, 0, 1),
        average_precision_high=np.clip(ap + half, 0, 1),
        auroc=np.clip(0.5 + ap / 2, 0, 1),
        ece=rng.uniform(0.01, 0.12, n),
        ece_expected=rng.uniform(0.005, 0.02, n),
        threshold=rng.uniform(0.1, 0.7, n),
        threshold_chosen=labels["supported"].to_numpy(),
    )


def _comparison(
    labels: pd.DataFrame,
    split: str,
    before: str,
    after: str,
    scores: dict[str, pd.DataFrame],
    seeds: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """A row per label and one of the mean; verdicts follow the intervals."""
    n = len(labels)
    ends = ("", "_low", "_high")
    values = {
        f"{side}_value{end}": scores[model][f"average_precision{end}"].to_numpy()
        for side, model in (("before", before), ("after", after))
        for end in ends
    }
    gain = values["after_value"] - values["before_value"]
    half = np.clip(0.3 / np.sqrt(labels["positives"].to_numpy()), 0.005, 0.15)
    low, high = np.clip(gain - half, -1, 1), np.clip(gain + half, -1, 1)
    q = np.clip(np.exp(-np.abs(gain) / half * 4), 0, 1)
    shared = {
        "split": split,
        "before": before,
        "after": after,
        "metric": "average_precision",
        "seeds": seeds,
        "includes_seeds": seeds > 1,
    }
    rows = rows_of(
        "comparisons",
        **shared,
        scope="label",
        label=labels["label"].to_numpy(dtype=object),
        column=np.arange(n),
        **values,
        gain=gain,
        gain_low=low,
        gain_high=high,
        p=np.clip(q / 2, 0, 1),
        q=q,
        verdict=np.where(low > 0, HELPED, np.where(high < 0, HURT, INCONCLUSIVE)).astype(object),
        detectable_gain=half * 2.8 / 1.96,
        supported=labels["supported"].to_numpy(),
        n_labels=np.ones(n, dtype=int),
    )
    mean, error = float(gain.mean()), 0.8 * abs(float(gain.mean()))
    of_mean = rows_of(
        "comparisons",
        **shared,
        scope="mean",
        label="",
        column=-1,
        **{name: float(value.mean()) for name, value in values.items()},
        gain=mean,
        gain_low=mean - error,
        gain_high=mean + error,
        p=0.014,
        q=np.nan,
        verdict=HELPED if mean > 0 else HURT,
        detectable_gain=error * 2.8 / 1.96,
        supported=True,
        n_labels=n,
    )
    return pd.concat([rows, of_mean], ignore_index=True)


def _gap(split: str, before: str, after: str, scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    ap = {name: table["average_precision"].to_numpy() for name, table in scores.items()}
    gap, gain = ap["teacher"] - ap[before], ap[after] - ap[before]
    bounded = np.abs(gap) > 0.02
    closed = np.where(bounded, gain / np.where(bounded, gap, 1.0), np.nan)
    return rows_of(
        "gap",
        split=split,
        before=before,
        after=after,
        teacher="teacher",
        label=scores[before]["label"].to_numpy(dtype=object),
        column=np.arange(gap.size),
        gap=gap,
        gain=gain,
        closed=closed,
        closed_low=np.where(bounded, closed - 0.3, -np.inf),
        closed_high=np.where(bounded, closed + 0.3, np.inf),
        bounded=bounded,
    )


def _model(
    labels: pd.DataFrame,
    split: str,
    model: str,
    scores: pd.DataFrame,
    runs: int,
    reference: bool,
) -> pd.DataFrame:
    mean = float(scores["average_precision"].mean())
    supported = labels["supported"].to_numpy()
    several = runs > 1
    part = scores.loc[supported, "average_precision"]
    return rows_of(
        "models",
        split=split,
        model=model,
        kind="teacher" if model == "teacher" else "student",
        description=f"small, {model}",
        reference=reference,
        seeds=runs,
        mean_ap=mean,
        mean_ap_low=max(0.0, mean - 0.021),
        mean_ap_high=min(1.0, mean + 0.019),
        mean_ap_seed_sd=0.007 if several else np.nan,
        mean_ap_supported=float(part.mean()),
        n_supported=int(supported.sum()),
        mean_ap_trained=mean,
        mean_ap_trained_seed_sd=0.006 if several else np.nan,
        n_trained=len(labels),
        cf1=max(0.0, mean - 0.05),
        cf1_seed_sd=0.008 if several else np.nan,
        of1=max(0.0, mean - 0.02),
        of1_seed_sd=0.005 if several else np.nan,
        mean_prevalence=float(labels["prevalence"].mean()),
        n_images=N_IMAGES,
        n_labels=len(labels),
    )


def _thresholds(
    names: Sequence[str], model: str, seed: int, rng: np.random.Generator
) -> pd.DataFrame:
    return rows_of(
        "thresholds",
        model=model,
        seed=seed,
        label=list(names),
        column=np.arange(len(names)),
        threshold=rng.uniform(0.1, 0.7, len(names)),
        chosen=True,
    )


def _label_counts(names: Sequence[str], split: str, rng: np.random.Generator) -> pd.DataFrame:
    positives = rng.integers(1, 200, len(names))
    return rows_of(
        "label_counts",
        split=split,
        label=list(names),
        positives=positives,
        absent=N_IMAGES - positives,
        unknown=np.zeros(len(names), dtype=int),
    )
