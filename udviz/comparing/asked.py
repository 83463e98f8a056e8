"""What a person wants compared: files of scores and targets, by model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from udviz.vocabulary import MIN_POSITIVES, Scale

Files = Mapping[str, tuple[Path, ...]]  # model -> files of its seeds


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person wants compared.

    Attributes:
        models: Files of scores on the test images.
        targets: Of the test images.
        val_models: Files of scores on the validation images; empty without them.
        val_targets: Of the validation images.
        comparisons: Pairs of models, ``before:after``; empty = the first to every other.
        reference: Model whose difficulty is shown; empty = the first.
        scores: What the scores are; None = recognised.
        images: Folder of the images; None without them.
        groups: Column of the targets that says which images belong together; empty = none.
        metadata: Table of what is known of each image; None = none.
        calibration: Files of logits of the calibration branch on the test images, of the models
            that have one, as many as each has seeds.
        val_calibration: The same on the validation images.
        attention: Files of attention maps of the test images, of the models that have some, as many
            as each has seeds.
        val_attention: The same of the validation images.
        objects: Table of the objects in the images; None without any.
        min_positives: From how many positives on a label counts as supported.
    """

    models: Files
    targets: Path
    val_models: Files = field(default_factory=dict)
    val_targets: Path | None = None
    comparisons: tuple[str, ...] = ()
    reference: str = ""
    scores: Scale | None = None
    images: Path | None = None
    groups: str = ""
    metadata: Path | None = None
    calibration: Files = field(default_factory=dict)
    val_calibration: Files = field(default_factory=dict)
    attention: Files = field(default_factory=dict)
    val_attention: Files = field(default_factory=dict)
    objects: Path | None = None
    min_positives: int = MIN_POSITIVES

    def arguments(self, out: Path) -> list[str]:
        """The words after ``udviz compare`` that ask for the same."""
        flags = [
            *_listed("--model", self.models),
            ("--targets", str(self.targets)),
            *_listed("--calibration", self.calibration),
            *_listed("--attention", self.attention),
            *_listed("--val-model", self.val_models),
            ("--val-targets", str(self.val_targets or "")),
            *_listed("--val-calibration", self.val_calibration),
            *_listed("--val-attention", self.val_attention),
            *(("--compare", pair) for pair in self.comparisons),
            ("--reference", self.reference),
            ("--scores", self.scores or ""),
            ("--images", str(self.images or "")),
            ("--groups", self.groups),
            ("--metadata", str(self.metadata or "")),
            ("--objects", str(self.objects or "")),
            ("--min-positives", str(self.min_positives)),
            ("--out", str(out)),
        ]
        usual = ("--min-positives", str(MIN_POSITIVES))
        return [word for flag in flags if flag[1] and flag != usual for word in flag]


def name_of(file: Path) -> str:
    """What a model is called whose file is given alone."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-_")


def _listed(flag: str, models: Files) -> list[tuple[str, str]]:
    return [(flag, f"{name}={','.join(map(str, files))}") for name, files in models.items()]
