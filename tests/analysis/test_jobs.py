import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from udviz.analysis.all_jobs import join_difficulty
from udviz.analysis.evidence import calibration, contributions
from udviz.analysis.jobs import Job, SplitPredictions, run_jobs
from udviz.analysis.tables import gain_table, model_rows
from udviz.predictions.cache import PredictionWriter
from udviz.stats.decisions.f1_scores import counts_at_thresholds, summarise_decisions
from udviz.stats.ranking.ranking import average_precision

N_IMAGES, NAMES = 400, ("red", "green", "blue")


@pytest.fixture
def study(tmp_path, rng):
    """Caches of a teacher and two seeds of each student on both splits; the last label is easy."""
    for split in ("val", "test"):
        targets = (rng.random((N_IMAGES, 3)) < [0.1, 0.3, 0.5]).astype(np.int8)
        difficult = np.zeros((N_IMAGES, 3), dtype=bool)
        difficult[:100, 0] = True
        images = pd.DataFrame({"image_id": [f"{split}{i}" for i in range(N_IMAGES)]})
        images["row"] = range(N_IMAGES)
        for run in ("teacher", "baseline-0", "baseline-1", "distilled-0", "distilled-1"):
            logits = targets * [1.0, 2.0, 20.0] + rng.normal(size=(N_IMAGES, 3)) - 1
            with PredictionWriter(
                tmp_path / run / "predictions" / split,
                split=split,
                images=images,
                label_names=NAMES,
                dataset_fingerprint="data",
                checkpoint_digest=run,
            ) as writer:
                writer.write(
                    slice(0, N_IMAGES),
                    targets=targets,
                    difficult=difficult,
                    logits=logits.astype(np.float32),
                )
    return tmp_path


def opened(study, split="test"):
    return SplitPredictions.open(
        split,
        {
            "teacher": [study / "teacher" / "predictions" / split],
            **{
                role: [study / f"{role}-{seed}" / "predictions" / split for seed in (0, 1)]
                for role in ("baseline", "distilled")
            },
        },
    )


def _gain(split):
    return {"map_gain": gain_table(split)}


def _calibration(split, role):
    return {"calibration": calibration(split, split, role)}


def test_two_processes_find_what_one_finds_in_the_same_order(study):
    split = opened(study)
    jobs = [
        Job(name="gain", function=_gain, arguments=(split,)),
        *(
            Job(name=role, function=_calibration, arguments=(split, role))
            for role in ("teacher", "baseline")
        ),
    ]
    seen = []

    alone = run_jobs(jobs, n_processes=1, advance=lambda share, name: seen.append((share, name)))
    together = run_jobs(jobs, n_processes=2, advance=lambda share, name: None)

    assert [name for _, name in seen] == ["gain", "teacher", "baseline"]
    assert [share for share, _ in seen] == pytest.approx([1 / 3, 2 / 3, 1])
    assert list(together) == ["map_gain", "calibration"]
    assert list(together["calibration"]["role"].unique()) == ["teacher", "baseline"]
    for name in alone:
        pd.testing.assert_frame_equal(together[name], alone[name])


def _fails():
    raise ValueError("`x` must be y, got z.")


@pytest.mark.parametrize("n_processes", [1, 2])
def test_an_error_of_a_job_is_the_error_of_all(n_processes):
    job = Job(name="fails", function=_fails, arguments=())

    with pytest.raises(ValueError, match="`x` must be y, got z"):
        run_jobs([job], n_processes=n_processes, advance=lambda share, name: None)


def _modules():
    own = sys.modules["__main__"].__name__  # "__mp_main__" once the starting program is imported
    return {"modules": pd.DataFrame({"name": list(sys.modules), "main": own})}


def test_a_process_of_jobs_imports_neither_the_program_that_started_it_nor_pytorch():
    job = Job(name="modules", function=_modules, arguments=())
    program = sys.modules["__main__"]

    found = run_jobs([job], n_processes=2, advance=lambda share, name: None)["modules"]

    assert set(found["main"]) == {"__main__"}
    assert "torch" not in set(found["name"])
    assert sys.modules["__main__"] is program


def test_difficulty_joins_its_label_and_what_both_say_stays_as_it_is():
    labels = pd.DataFrame({"split": ["val", "test"], "column": [0, 0], "positives": [5, 7]})
    difficulty = labels.iloc[::-1].assign(positives=0, difficulty=[0.7, 0.5])

    tables = join_difficulty({"labels": labels, "difficulty": difficulty, "gap": labels})

    assert list(tables) == ["labels", "gap"]
    pd.testing.assert_frame_equal(tables["labels"], labels.assign(difficulty=[0.5, 0.7]))


def rows_of(study, role, split):
    return model_rows(
        opened(study, "val"),
        opened(study, split),
        role,
        train_positives=np.array([10, 100, 200]),
        min_positives=5,
        min_train_positives=50,
    )


def test_thresholds_come_from_validation_and_stay(study):
    val, test = rows_of(study, "baseline", "val"), rows_of(study, "baseline", "test")

    assert "thresholds" not in test
    table = val["thresholds"]
    assert list(table["run"]) == [0, 0, 0, 1, 1, 1]
    # of two separated clouds at -1 and 19 the threshold lies between, where every F1 is 1
    easy = table[table["label"] == "blue"]
    assert easy["f1_on_val"].tolist() == [1.0, 1.0]
    assert (easy["threshold"] > 0.9).all()
    split = opened(study)
    thresholds = logit(table["threshold"].to_numpy()).reshape(2, 3)
    by_run = [
        summarise_decisions(counts_at_thresholds(scores, split.targets, thresholds=own)).cf1
        for scores, own in zip(split.logits("baseline"), thresholds, strict=True)
    ]
    assert test["models"]["cf1_chosen"].iloc[0] == pytest.approx(np.mean(by_run))


def test_hard_images_and_well_trained_labels_have_their_own_mean(study):
    row = rows_of(study, "distilled", "test")["models"].iloc[0]
    split = opened(study)
    by_run = [average_precision(run, split.targets) for run in split.logits("distilled")]
    hard = [average_precision(run[:100], split.targets[:100]) for run in split.logits("distilled")]

    assert row["n_hard"] == 100
    assert row["map_hard"] == pytest.approx(np.mean(hard))
    assert row["map_hard_low"] < row["map_hard"] < row["map_hard_high"]
    assert row["n_trained"] == 2
    means = np.array(by_run)[:, 1:].mean(axis=1)
    assert row["map_trained"] == pytest.approx(means.mean())
    assert row["map_trained_seed_sd"] == pytest.approx(abs(means[0] - means[1]) / np.sqrt(2))


def test_contributions_name_the_images_at_both_ends(study):
    split = opened(study)
    table = contributions(split)
    red = table[table["label"] == "red"]

    assert len(red) == 50
    assert (red["contribution"].iloc[:25] > 0).all()
    assert (red["contribution"].iloc[25:] < 0).all()
    assert (red["image_id"] == [f"test{image}" for image in red["image"]]).all()
