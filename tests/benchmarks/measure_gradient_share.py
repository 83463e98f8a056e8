"""How much of a student's gradient is attention's, by channel weights and weight of the loss?

python -m pipelines.study --recipe demo
python -m tests.benchmarks.measure_gradient_share runs/demo

Length of the attention loss's gradient over the sum of its and the other terms' lengths, in the
backbone, mean over some training batches without augmentation: of a student before its first step,
and of one that was trained.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from udviz.commands.train import decoded_images
from udviz.data.source import load_dataset
from udviz.method.attention import ChannelWeights
from udviz.method.network import TwoHeadedNetwork
from udviz.method.tasks import Task
from udviz.recipe.files import read_recipe
from udviz.recipe.schema import Recipe
from udviz.studies.directory import STUDY_FILE
from udviz.studies.models import Run
from udviz.training.batches import ImageRows
from udviz.training.networks import build_network, trained_network
from udviz.training.runs import build_task, fit_indices
from udviz.training.transforms import normalise

BATCHES, SIZE, WEIGHTS = 8, 32, (0.1, 1.0, 10.0)


def lengths(
    task: Task, network: TwoHeadedNetwork, images: torch.Tensor, targets: torch.Tensor
) -> Iterator[float]:
    """Length of the gradient in the backbone: of attention with weight 1, and of all else."""
    terms = task.terms(network(images), images, targets)
    attention = terms.pop("attention").value
    rest = sum(term.weight * term.value for term in terms.values())
    parameters = [p for p in network.backbone.parameters() if p.requires_grad]
    for loss in (attention, rest):
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        yield float(sum((g**2).sum() for g in gradients if g is not None) ** 0.5)


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--student", default="distilled")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    base = read_recipe(asked.study / STUDY_FILE)
    dataset, run = load_dataset(base.data), Run(asked.student, 0)
    chosen = np.random.default_rng(0).permutation(fit_indices(base, run, dataset))[: BATCHES * SIZE]
    decoded = decoded_images(base, asked.study, dataset)
    rows = ImageRows([decoded[int(k)] for k in chosen], dataset.targets[chosen])
    n_labels = len(dataset.label_names)
    for kind in get_args(ChannelWeights):
        own = base.students[run.model].model_copy(update={"channel_weights": kind})
        recipe = base.model_copy(update={"students": {**base.students, run.model: own}})
        for told, network in (
            ("before training", build_network(recipe, run, n_labels)),
            ("trained", trained_network(recipe, run, asked.study, n_labels)),
        ):
            shares = shares_of(recipe, run, asked.study, network, rows)
            print(f"{kind:13} {told:16}", "  ".join(f"{w:g}: {s:6.1%}" for w, s in shares.items()))


def shares_of(
    recipe: Recipe, run: Run, study: Path, network: TwoHeadedNetwork, rows: ImageRows
) -> dict[float, float]:
    """Share of attention in the gradient by the weight of its loss."""
    task = replace(build_task(recipe, run, study, rows.targets.shape[1]), network=network.train())
    found = []
    for first in range(0, BATCHES * SIZE, SIZE):
        pixels, targets = rows.__getitems__(list(range(first, first + SIZE)))
        found.append(tuple(lengths(task, network, normalise(pixels), targets)))
    return {w: float(np.mean([w * a / (w * a + rest) for a, rest in found])) for w in WEIGHTS}


if __name__ == "__main__":
    main()
