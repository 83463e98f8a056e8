"""Are the doubted labels wrong, and are the causes found the causes built in?

python -m pipelines.study --recipe demo --crossfit_folds 2 --out runs/judged
python -m tests.benchmarks.measure_suspects runs/judged

For a data set that keeps its truth (the embedded scenes): precision of the first suspects of the
training split against that truth, beside ranking the same targets by loss, and the causes named
per label beside those built in. With ``--label`` and ``--groups`` (a CSV with an image column and a
group column): how often a label is marked, and how often doubted as missing, in each group.

The judges are all it needs of a study, so it is enough to train and predict these:
``python -m pipelines.train --recipe demo --crossfit_folds 2 --model crossfit --seed 0``, then
``pipelines.predict`` with the same arguments, and both with ``--seed 1``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.analysis.tables.doubted import doubted_training_tables
from udviz.data.dataset import Dataset
from udviz.data.scenes.kinds import BUILT_IN_CAUSES
from udviz.data.source import load_dataset
from udviz.predictions.cache import Predictions, open_predictions
from udviz.recipe.files import recipe_values
from udviz.recipe.schema import Recipe
from udviz.stats.difficulty.label_difficulty import label_difficulty
from udviz.stats.inference.intervals import wilson_interval
from udviz.stats.labels.probabilities import logit_probs
from udviz.studies.directory import STUDY_FILE
from udviz.studies.models import runs_of

FIRST = (20, 50, 100)
SPOILT = [name for name, cause in BUILT_IN_CAUSES.items() if cause == "missing annotations"]


def wrong_targets(dataset: Dataset) -> np.ndarray:
    """(N, L) bool: targets that differ from the truth."""
    assert dataset.true_targets is not None, "this data set does not keep its truth"
    return dataset.targets != dataset.true_targets


def by_loss(folds: list[Predictions]) -> pd.DataFrame:
    """Every judged target, largest loss first: what a person would do without this tool."""
    parts = []
    for fold in folds:
        probs = logit_probs(fold.logits)
        row, label = np.nonzero(fold.targets >= 0)
        given = np.where(fold.targets[row, label] == 1, probs[row, label], 1 - probs[row, label])
        image = fold.images["row"].to_numpy()[row]
        parts.append(pd.DataFrame({"image": image, "column": label, "given": given}))
    return pd.concat(parts, ignore_index=True).sort_values("given", kind="stable")


def show_precision(caches: list[Path], folds: list[Predictions], dataset: Dataset) -> None:
    """Share of wrong targets among the first suspects, and among those of the largest loss."""
    wrong = wrong_targets(dataset)
    suspects = doubted_training_tables(caches)["suspects"]
    place = {image_id: index for index, image_id in enumerate(dataset.image_ids)}
    image = suspects["image_id"].map(place)
    loss = by_loss(folds)
    missing = suspects["direction"] == "missing"
    loss_missing = loss[dataset.targets[loss["image"], loss["column"]] == 0]
    rankings = {
        "suspects": wrong[image, suspects["column"]],
        "largest loss": wrong[loss["image"], loss["column"]],
        "suspects, missing marks only": wrong[image[missing], suspects["column"][missing]],
        "largest loss, missing only": wrong[loss_missing["image"], loss_missing["column"]],
    }
    spoilt = [dataset.label_names.index(name) for name in SPOILT]
    for name, table in (("suspects", suspects[missing]), ("largest loss", loss_missing)):
        own = table[table["column"].isin(spoilt)]
        row = own["image_id"].map(place) if "image_id" in own else own["image"]
        rankings[f"{name}, missing, spoilt labels"] = wrong[row, own["column"]]
    train = dataset.indices("train")
    print(
        f"{wrong[train].sum():,} of {wrong[train].size:,} training targets are wrong "
        f"({wrong[train].mean():.2%}); {len(suspects):,} are doubted, "
        f"{wrong[image, suspects['column']].sum():,} of them wrong"
    )
    absent = (dataset.targets[train] == 0)[:, spoilt]
    print(f"of the absences of {', '.join(SPOILT)}: {wrong[train][:, spoilt][absent].mean():.1%}")
    print("\nwrong among the first, in % with 95 % interval")
    for name, found in rankings.items():
        shares = []
        for n in FIRST:
            hits = np.asarray(found[:n])
            low, high = wilson_interval(np.array(hits.sum()), np.array(hits.size))
            shares.append(f"{n:>4}: {hits.mean():4.0%} [{low:.0%}, {high:.0%}]")
        print(f"{name:<38}" + "  ".join(shares))


def show_judged_causes(folds: list[Predictions]) -> None:
    """Built-in and found causes of every label, as the judges see the training images."""
    logits = np.concatenate([np.asarray(fold.logits) for fold in folds])
    targets = np.concatenate([np.asarray(fold.targets) for fold in folds])
    labels = label_difficulty([logits], targets, label_names=folds[0].label_names)
    print(
        "\n| label | built in | found | AP, judges | surest unmarked (expected), q |\n"
        + "|---" * 5
        + "|"
    )
    for _, row in labels.iterrows():
        surest = (
            f"{row['surest_unmarked']:.0f} ({row['surest_expected']:.1f}), {row['suspect_q']:.2g}"
        )
        print(
            f"| {row['label']} | {BUILT_IN_CAUSES.get(row['label'], '')} | {row['causes']} "
            f"| {row['average_precision']:.3f} | {surest} |"
        )


def show_causes(study: Path) -> None:
    """Built-in and found causes of every label, as the analysis of the test split has them."""
    labels = pd.read_parquet(study / "analysis" / "labels.parquet")
    labels = labels[labels["split"] == "test"].sort_values("difficulty_rank")
    print("\n| label | built in | found | AP, teacher | AP, student |\n|---|---|---|---|---|")
    for _, row in labels.iterrows():
        built_in = BUILT_IN_CAUSES.get(row["label"], "")
        scores = f"{row['ap_teacher']:.3f} | {row['ap_baseline']:.3f}"
        print(f"| {row['label']} | {built_in} | {row['causes']} | {scores} |")


def show_groups(study: Path, dataset: Dataset, label: str, groups: pd.DataFrame) -> None:
    """How often ``label`` is marked and doubted as missing in every group of images."""
    column = dataset.label_names.index(label)
    suspects = pd.read_parquet(study / "analysis" / "suspects.parquet")
    doubted = suspects[(suspects["label"] == label) & (suspects["direction"] == "missing")]
    group = groups.set_index(groups.columns[0]).iloc[:, -1]
    table = pd.DataFrame(
        {
            "image_id": dataset.image_ids,
            "split": dataset.splits,
            "marked": dataset.targets[:, column] == 1,
        }
    )
    table["group"] = table["image_id"].map(group)
    table["doubted as missing"] = table["image_id"].isin(doubted["image_id"])
    table["images"] = 1
    counts = table.groupby(["split", "group"])[["images", "marked", "doubted as missing"]].sum()
    print(f"\n{label}\n{counts.to_string()}")


def main() -> None:
    """Print what the study at hand allows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--label")
    parser.add_argument("--groups", type=Path)
    asked = parser.parse_args()
    recipe = Recipe.model_validate(recipe_values(asked.study / STUDY_FILE))
    dataset = load_dataset(recipe.data)
    if dataset.true_targets is not None:
        judges = [run.directory(asked.study) for run in runs_of(recipe) if run.model == "crossfit"]
        caches = [judge.predictions("train") for judge in judges]
        folds = [open_predictions(cache) for cache in caches]
        show_precision(caches, folds, dataset)
        show_judged_causes(folds)
        if (asked.study / "analysis").is_dir():
            show_causes(asked.study)
    if asked.label:
        show_groups(asked.study, dataset, asked.label, pd.read_csv(asked.groups))


if __name__ == "__main__":
    main()
