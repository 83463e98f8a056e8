"""What is known of a backbone without PyTorch: what a pass takes, and the file of its weights.

`backbones.csv` holds it for each name that `udviz.method.backbones` takes, counted from the
networks themselves (`tests/method/test_backbone_facts.py`).
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SIDE_PX = 224  # of the square image that it is counted for


@dataclass(frozen=True, kw_only=True)
class BackboneFacts:
    """What one backbone takes, up to its last feature map.

    Attributes:
        parameters: Their number.
        operations: Floating-point operations of the forward pass of an image of `SIDE_PX`.
        activations: Bytes that its backward pass needs of that image, in float32.
        weights_file: What torchvision calls the file of its first ImageNet weights; empty where
            there are none.
    """

    parameters: int
    operations: float
    activations: float
    weights_file: str


@cache
def backbone_facts() -> dict[str, BackboneFacts]:
    """Backbone -> what is known of it; those of timm are not among them."""
    with (Path(__file__).parent / "backbones.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["backbone"]: BackboneFacts(
                parameters=int(row["parameters"]),
                operations=2e6 * float(row["operations"]),  # stored: millions of multiply-adds
                activations=1e6 * float(row["activations"]),  # stored: MB
                weights_file=row["weights"],
            )
            for row in csv.DictReader(file)
        }
