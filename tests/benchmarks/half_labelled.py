"""Do photos without any label help a student that has a teacher?

python -m tests.benchmarks.half_labelled write FOLDER
python -m tests.benchmarks.half_labelled compare STUDY OTHER MODEL ...

The first writes the embedded scenes as two tables with images: in ``labelled.csv`` half of the
training scenes are left out, in ``unlabelled.csv`` all their targets are unknown. The second prints
the gain in mAP on the test split from a model of one study to the same of the other.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from udviz.data.source import load_dataset
from udviz.predictions.cache import open_predictions
from udviz.recipe.files import read_recipe, recipe_path
from udviz.stats.comparison.gain import label_gains


def write(folder: Path) -> None:
    """Write both data sets; they share their images."""
    dataset = load_dataset(read_recipe(recipe_path("demo")).data)
    names = [f"{k:05d}.png" for k in range(len(dataset.image_ids))]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        Image.fromarray(dataset.load(place)).save(folder / "images" / name)
    columns = [name.replace(" ", "_") for name in dataset.label_names]
    rows = pd.DataFrame(dataset.targets, columns=columns).astype("Int8")
    rows.insert(0, "image", names)
    rows.insert(1, "split", dataset.splits)
    train = dataset.indices("train")
    blank = np.random.default_rng(0).permutation(train)[: len(train) // 2]
    rows.drop(index=blank).to_csv(folder / "labelled.csv", index=False)
    rows.iloc[blank, 2:] = pd.NA
    rows.to_csv(folder / "unlabelled.csv", index=False)


def compare(study: Path, other: Path, models: list[str]) -> None:
    """Print gains of the mean over labels, with intervals over images and seeds."""
    for model in models:
        before, after = (
            [
                open_predictions(run / "predictions" / "test")
                for run in sorted(of.glob(f"{model}-*"))
            ]
            for of in (study, other)
        )
        if before[0].targets.tobytes() != after[0].targets.tobytes():
            raise ValueError(f"{study} and {other} must have the same test images.")
        scores = ([run.logits for run in runs] for runs in (before, after))
        found = label_gains(*scores, before[0].targets)
        gain, counts = found.mean_gain, found.table["verdict"].value_counts()
        print(
            f"{model}, {len(before)} seeds: gain in mAP {gain.gain:+.4f} "
            f"[{gain.low:+.4f}, {gain.high:+.4f}], p = {gain.p:.3f}; "
            f"helped {counts.get('helped', 0)}, hurt {counts.get('hurt', 0)} of {gain.n_labels}"
        )


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("write", "compare"))
    parser.add_argument("paths", nargs="+", type=Path)
    asked = parser.parse_args()
    if asked.what == "write":
        write(asked.paths[0])
    else:
        compare(*asked.paths[:2], [str(name) for name in asked.paths[2:]])


if __name__ == "__main__":
    main()
