from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.predictions.cache import PredictionWriter
from udviz.studies.models import Model

N_IMAGES, NAMES = 400, ("red", "green", "blue")
SEEDS = {"teacher": (0,), "baseline": (3, 5), "kd": (5, 3), "lonely": (5,)}


def plan_of(**changes) -> Plan:
    models = tuple(
        Model(name, "teacher" if name == "teacher" else "student", seeds, "drawn")
        for name, seeds in SEEDS.items()
    )
    plan = Plan(
        models=models,
        comparisons=(("baseline", "kd"), ("baseline", "lonely"), ("teacher", "kd")),
        reference="teacher",
        min_positives=5,
        min_train_positives=50,
    )
    return replace(plan, **changes)


def tables_of(*jobs):
    """What jobs find, one after the other in this process."""
    return run_jobs(jobs, engine=LocalEngine(1), advance=lambda share, name: None)


def write_cache(directory, *, targets, logits, split, ids=None, first_row=0, **more):
    rows = range(first_row, first_row + len(targets))
    ids = [f"{split}{i}" for i in range(len(targets))] if ids is None else ids
    with PredictionWriter(
        directory,
        split=split,
        images=pd.DataFrame({"image_id": ids, "row": rows}),
        label_names=NAMES,
        dataset_fingerprint="data",
        checkpoint_digest=f"{directory.parts[-3]}",
    ) as writer:
        writer.write(
            slice(0, len(targets)),
            targets=targets,
            difficult=np.zeros(targets.shape, dtype=bool),
            logits=logits.astype(np.float32),
            **more,
        )


@pytest.fixture
def caches(tmp_path, rng):
    """Caches of four models with their seeds on both splits; the last label is easy."""
    for split, first_row in (("val", 0), ("test", N_IMAGES)):
        targets = (rng.random((N_IMAGES, 3)) < [0.1, 0.3, 0.5]).astype(np.int8)
        targets[::7, 1] = -1
        for model, seeds in SEEDS.items():
            for seed in seeds:
                gap = [2.5 if model == "kd" else 1.0, 2.0, 20.0]
                logits = targets * gap + rng.normal(size=(N_IMAGES, 3)) - 1
                write_cache(
                    tmp_path / f"{model}-{seed}" / "predictions" / split,
                    targets=targets,
                    logits=logits,
                    split=split,
                    first_row=first_row,
                )
    return tmp_path


def opened(caches, split="test", models=tuple(SEEDS)) -> SplitPredictions:
    return SplitPredictions.open(
        split,
        {
            model: {
                seed: caches / f"{model}-{seed}" / "predictions" / split for seed in SEEDS[model]
            }
            for model in models
        },
    )
