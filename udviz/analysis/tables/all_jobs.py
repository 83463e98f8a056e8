"""Everything an analysis finds out, as jobs that do not depend on each other, and their join."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.jobs import Job, LabelJob
from udviz.analysis.plan import Plan
from udviz.analysis.schema.tables import BY_NAME
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.attention import attention_agreement, attention_pairs
from udviz.analysis.tables.compared import compared_job
from udviz.analysis.tables.comparison_rows import difficulty_of, hard_labels
from udviz.analysis.tables.doubted import (
    co_occurrence_table,
    doubted_job,
    doubted_training_tables,
)
from udviz.analysis.tables.judged import judged_job
from udviz.analysis.tables.objects import Objects, localisation
from udviz.analysis.tables.operating import operating_jobs
from udviz.analysis.tables.sliced import sliced_performance
from udviz.stats.difficulty.causes import Evidence, LabelFacts, judge_causes, named_causes
from udviz.stats.difficulty.findings import Findings
from udviz.stats.label_errors.suspects import Suspects
from udviz.stats.slices.differences import corrected_p

KEY = ["split", "label"]


def analysis_jobs(
    plan: Plan,
    val: SplitPredictions | None,
    test: SplitPredictions,
    train_positives: np.ndarray,
    *,
    objects: Mapping[str, Objects] | None = None,
    folds: Sequence[Path] = (),
    slices: Mapping[str, pd.DataFrame] | None = None,
) -> list[Job | LabelJob]:
    """Everything that can be found out side by side, the longest first.

    Args:
        plan: What is asked.
        val: Predictions on the validation split; None without one.
        test: Predictions on the test split.
        train_positives: (L,) training images that carry the label; -1 = not known.
        objects: Split -> objects that attention should point at.
        folds: Caches of training images, each by a model that did not see them.
        slices: Split -> (N,) slice of every image, a column per metadata column.
    """
    splits = [split for split in (test, val) if split is not None]
    difficulty = difficulty_of(plan, val or test)
    hard = {split.split: hard_labels(plan, split, difficulty) for split in splits}
    jobs: list[Job | LabelJob] = [judged_job(plan, val, test, model.name) for model in plan.models]
    jobs += [compared_job(plan, s, train_positives, hard[s.split]) for s in splits]
    jobs += [doubted_job(split, plan.reference) for split in splits]
    jobs += operating_jobs(plan, val, test, hard[test.split])
    if folds:
        jobs.append(
            Job(name="doubts in training", function=doubted_training_tables, arguments=(folds,))
        )
    jobs += [
        Job(
            name=f"slices by {column} on {split.split}",
            function=sliced_performance,
            arguments=(plan, val, split, values),
        )
        for split in splits
        if slices and split.split in slices
        for column, values in slices[split.split].items()
    ]
    jobs += [
        Job(
            name=f"attention of {model} on objects",
            function=localisation,
            arguments=(split, model, objects[split.split]),
        )
        for split in splits
        if objects and split.split in objects
        for model in split.models
        if split.first_run(model).attention is not None
    ]
    jobs += [
        Job(
            name=f"attention of {model} and {other}",
            function=attention_agreement,
            arguments=(split, model, other),
        )
        for split in splits
        for model, other in attention_pairs(plan, split)
    ]
    jobs += [
        Job(name="co-occurrence", function=co_occurrence_table, arguments=(split,))
        for split in splits
    ]
    return jobs


def join_tables(plan: Plan, found: Tables, facts: LabelFacts) -> Tables:
    """The tables of the schema from what the jobs found."""
    tables = {name: table for name, table in found.items() if name in BY_NAME}
    key = ["split", "model", "column"]
    tables["scores"] = found["scores"].merge(found["ranking"], on=key, validate="one_to_one")
    tables["models"] = _models(plan, found)
    tables["labels"] = _labels(plan, found, tables["scores"], facts)
    if len(found.get("slices", ())):
        tables["slices"] = found["slices"].assign(q=corrected_p(found["slices"]))
    return tables


def _models(plan: Plan, found: Tables) -> pd.DataFrame:
    about = pd.DataFrame(
        {
            "model": [model.name for model in plan.models],
            "kind": [model.kind for model in plan.models],
            "description": [model.description for model in plan.models],
            "reference": [model.name == plan.reference for model in plan.models],
            "seeds": [len(model.seeds) for model in plan.models],
        }
    )
    means = found["means"].merge(found["models"], on=["split", "model"], validate="one_to_one")
    images = found["labels_per_image"].groupby("split")["images"].sum().rename("n_images")
    return means.merge(about, on="model").merge(images, on="split")


def _labels(plan: Plan, found: Tables, scores: pd.DataFrame, facts: LabelFacts) -> pd.DataFrame:
    parts = []
    for split, difficulty in found["difficulty"].groupby("split", sort=False):
        own = difficulty.sort_values("column", ignore_index=True)
        causes = _causes(plan, found, scores, str(split), own, facts)
        train = facts.train_positives
        given = np.full(len(own), -1) if train is None else np.asarray(train, dtype=np.int64)
        parts.append(own.join(causes).assign(train_positives=given))
    return pd.concat(parts, ignore_index=True)


def _causes(
    plan: Plan,
    found: Tables,
    scores: pd.DataFrame,
    split: str,
    labels: pd.DataFrame,
    facts: LabelFacts,
) -> pd.DataFrame:
    """Causes of difficulty and their evidence, from what was measured of the reference."""

    def own(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
        for column, value in {"split": split, **wanted}.items():
            table = table[table[column] == value]
        return table.reset_index(drop=True)

    calibration = own(
        found["calibration"], model=plan.reference, recalibration="none", scope="label"
    )
    counts = own(found["suspect_counts"])
    evidence = Evidence(
        positives=labels["positives"].to_numpy(),
        known=labels["known"].to_numpy(),
        auroc=own(scores, model=plan.reference)["auroc"].to_numpy(),
        calibration=calibration,
        findings=Findings(
            confusions=own(found["pairs"]).astype({"column": int, "partner": int}),
            suspects=Suspects(table=pd.DataFrame(), counts=counts, outliers=pd.DataFrame()),
            entropy=own(found["entropy"])[["entropy", "entropy_share"]],
        ),
    )
    names = labels["label"].tolist()
    judged = judge_causes(evidence, label_names=names, facts=facts)
    kept = [c.name for c in BY_NAME["labels"].columns if c.name in judged]
    kept.remove("train_positives")
    return judged[kept].assign(causes=named_causes(judged))
