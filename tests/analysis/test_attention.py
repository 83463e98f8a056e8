"""The table of agreement that an analysis leaves, against the maps it is of."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from udviz.analysis.evidence import attention_agreement

from udviz.analysis.jobs import SplitPredictions
from udviz.predictions.cache import open_predictions


@pytest.fixture
def table(trained):
    return pd.read_parquet(trained / "analysis" / "attention_agreement.parquet")


def test_every_label_of_both_splits_has_its_agreement_of_teacher_and_distilled(table):
    assert set(table["other_role"]) == {"distilled"}
    assert table.groupby("split")["label"].nunique().to_dict() == {"test": 20, "val": 20}


def test_a_label_has_the_mean_correlation_of_its_images_and_of_the_next_ones(trained, table):
    runs = [
        open_predictions(trained / f"{name}/predictions/test")
        for name in ("teacher", "distilled-0")
    ]
    first, second = (np.asarray(run.attention).reshape(96, -1) for run in runs)
    carried = np.flatnonzero(runs[0].targets[:, 4] == 1)

    row = table[(table["split"] == "test") & (table["column"] == 4)].iloc[0]

    own = [stats.pearsonr(first[place], second[place])[0] for place in carried]
    following = [stats.pearsonr(first[place], second[(place + 1) % 96])[0] for place in carried]
    np.testing.assert_allclose(row["correlation"], np.mean(own), rtol=1e-5)
    np.testing.assert_allclose(row["correlation_elsewhere"], np.mean(following), rtol=1e-4)
    assert row["images"] == len(carried)


def test_a_study_without_a_second_map_has_no_agreement(trained):
    directories = {
        role: [trained / name / "predictions" / "test"]
        for role, name in (("teacher", "teacher"), ("baseline", "baseline-0"))
    }

    assert attention_agreement(SplitPredictions.open("test", directories)).empty
