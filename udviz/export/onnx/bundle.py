"""A model to take away: network, label names, thresholds, recalibration, and how to run it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from udviz.export.onnx.model import LOGITS, PIXELS, PROBABILITIES, TOLERANCE, write_model
from udviz.export.runs import chosen_run
from udviz.export.spreadsheet import safe_csv
from udviz.installation import called, code_version
from udviz.predictions.cache import Predictions, open_predictions
from udviz.recipe.files import read_recipe
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import fit_temperature
from udviz.stats.decisions.thresholds import choose_thresholds
from udviz.stats.labels.probabilities import logit_probs
from udviz.studies.directory import STUDY_FILE
from udviz.studies.files import file_digest
from udviz.studies.models import Run, run_of
from udviz.training.adoption import with_teacher_found
from udviz.training.checkpoint import WEIGHTS
from udviz.training.networks import trained_network

_README = """# {model} of {study}

{backbone}, {n_labels} labels, seed {seed}. Run it on an image, in this folder, with numpy, Pillow
and onnxruntime installed:

```python
import json, sys
import numpy as np, onnxruntime
from PIL import Image, ImageOps

rules = json.load(open("thresholds.json", encoding="utf-8"))
image = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
pixels = np.asarray(image.resize((rules["side_px"],) * 2, Image.Resampling.BILINEAR))[None]
session = onnxruntime.InferenceSession("model.onnx")
logits, probabilities = session.run(None, {{"{pixels}": pixels}})
for label, p, threshold in zip(rules["labels"], probabilities[0], rules["thresholds"]):
    if p >= threshold:
        print(f"{{label}}: {{p:.3f}}")
```

- `model.onnx`: in, `{pixels}` uint8 (images, {side_px}, {side_px}, 3): upright RGB, transparency
  on white, the whole image resized to that square by Pillow's bilinear filter. Out, `{logits}` and
  `{probabilities}` (images, {n_labels}). Pixels are standardised inside. It computes in 32 bits;
  logits are PyTorch's within {tolerance}.
- `labels.csv`: the columns. `thresholds.json`: label names, thresholds, recalibration.
- A label is predicted from its threshold on. Thresholds have the best F1 on the {n_val:,}
  validation images; where these hold too few positives it is 0.5 and `chosen` is false.
- Recalibrated probabilities, fitted on the same images: sigmoid(logit / `temperature`), or for
  label l sigmoid(`platt.slope`[l] x logit + `platt.intercept`[l]). The thresholds are those of the
  plain probabilities.
"""


def write_bundle(study: Path, folder: Path, *, model: str, seed: int | None = None) -> None:
    """Write a trained model with its thresholds into a new folder.

    Args:
        study: Folder of the study.
        folder: Must not exist yet.
        model: Its name.
        seed: Of the run; the first one's if None.

    Raises:
        FileNotFoundError: If its predictions on validation, or the recipe, are missing.
        ValueError: If the study has no such model or seed, holds no networks, or the predictions
            are not those of the weights.
        ModuleNotFoundError: If a package of the extra `onnx` is missing.
    """
    recipe = with_teacher_found(read_recipe(study / STUDY_FILE), study)
    chosen = chosen_run(study, model=model, seed=seed)
    run = run_of(recipe, model, chosen.seed)
    val = _val_predictions(study, run)
    n_labels, side_px = len(val.label_names), recipe.data.side_px
    network = trained_network(recipe, run, study, n_labels)
    folder.mkdir(parents=True)
    write_model(network, folder / "model.onnx", side_px=side_px)
    rules = _rules(val, min_positives=recipe.min_positives)
    rules |= {
        "side_px": side_px,
        "model": model,
        "seed": run.seed,
        "weights_sha256": val.manifest.checkpoint_digest,
        "code": code_version(),
    }
    (folder / "thresholds.json").write_text(
        json.dumps(rules, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    names = pd.DataFrame({"column": range(n_labels), "label": val.label_names})
    (folder / "labels.csv").write_text(safe_csv(names), encoding="utf-8", newline="")
    readme = _README.format(
        study=study.resolve().name,
        model=model,
        backbone=recipe.network_of(model).backbone,
        seed=run.seed,
        n_labels=n_labels,
        side_px=side_px,
        n_val=val.manifest.n_images,
        pixels=PIXELS,
        logits=LOGITS,
        probabilities=PROBABILITIES,
        tolerance=TOLERANCE,
    )
    (folder / "README.md").write_text(readme, encoding="utf-8")


def _val_predictions(study: Path, run: Run) -> Predictions:
    """The predictions that thresholds are chosen on, which are those of the best weights."""
    directory = run.directory(study)
    val = open_predictions(directory.predictions("val"))
    weights = directory.checkpoints / "best" / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"`{weights}` must hold the trained weights, but is missing.")
    if file_digest(weights) != val.manifest.checkpoint_digest:
        raise ValueError(
            f"`{directory.predictions('val')}` must hold predictions of `{weights}`, got those of "
            f"other weights. Make them anew: {called('study')} --recipe {study / STUDY_FILE} "
            f"--out {study}"
        )
    return val


def _rules(val: Predictions, *, min_positives: int) -> dict[str, Any]:
    """Label names, thresholds of probabilities, and recalibrations, as JSON holds them."""
    chosen = choose_thresholds(val.logits, val.targets, fallback=0.0, min_positives=min_positives)
    platt = fit_platt(val.logits, val.targets)
    return {
        "labels": list(val.label_names),
        "thresholds": logit_probs(chosen.values).tolist(),
        "chosen": chosen.chosen.tolist(),
        "temperature": fit_temperature(val.logits, val.targets).temperature,
        "platt": {"slope": platt.slope.tolist(), "intercept": platt.intercept.tolist()},
    }
