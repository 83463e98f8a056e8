"""The recipe of a study: every choice that shapes its numbers, typed and with one sentence each.

The command line, its help and the app's form are all made from these fields.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from udviz.checks import is_text, shown


class Section(BaseModel):
    """A frozen part of a recipe; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @field_validator("*")
    @classmethod
    def _check_text(cls, value: Any) -> Any:
        if isinstance(value, str) and ("\0" in value or not is_text(value)):
            raise ValueError("must be text that a file name may hold, without a zero byte")
        return value


class DataConfig(Section):
    """Where images and labels come from, and at what size they are read."""

    kind: Literal["scenes", "table", "voc", "coco", "imagefolder"] = "scenes"
    """Source: the embedded scenes, a CSV/Parquet table, Pascal VOC, COCO, or an image folder."""
    root: str = ""
    """Folder that holds the data; `$NAME` is replaced by that environment variable."""
    labels: str = "labels.csv"
    """Table only: label table inside `root`, one row per image."""
    images: str = "images"
    """Table only: folder of the images inside `root`."""
    splits: str = ""
    """Table only: table inside `root` with columns image and split; empty = none."""
    label_column: str = ""
    """Table or image folder: the column that lists labels; empty = one 0/1 column per label."""
    masks: str = ""
    """Table only: folder of pixel masks inside `root`; empty = none."""
    mask_labels: str = ""
    """Table only: table inside `root` with columns value and label of the masks."""
    year: str = ""
    """VOC only: year folder inside `root`, as 2007; empty = `root` itself."""
    train_annotations: str = "annotations/instances_train2017.json"
    """COCO only: instances file of the training images inside `root`."""
    test_annotations: str = "annotations/instances_val2017.json"
    """COCO only: instances file of the test images inside `root`."""
    train_images: str = "train2017"
    """COCO only: folder of the training images inside `root`."""
    test_images: str = "val2017"
    """COCO only: folder of the test images inside `root`."""
    val_fraction: float = Field(0.0, ge=0, lt=1)
    """VOC or COCO: share of training images held out as validation; 0 = VOC's lists, COCO 0.1."""
    side_px: int = Field(96, ge=16, le=2048)
    """Side of the square that every image is resized to, in pixels."""
    bad_images: Literal["stop", "set_aside"] = "stop"
    """What to do with images that cannot be used: stop the run, or set them aside and list them."""
    n_train: int = Field(2400, ge=8)
    """Scenes only: number of training images."""
    n_val: int = Field(600, ge=4)
    """Scenes only: number of validation images."""
    n_test: int = Field(1200, ge=4)
    """Scenes only: number of test images."""
    seed: int = Field(0, ge=0)
    """Seed of the drawn scenes, or of a split made here."""

    @property
    def folder(self) -> Path:
        """`root` with environment variables replaced."""
        return Path(expand(self.root, flag="--data.root"))


class NetworkConfig(Section):
    """One network and how it is optimised."""

    backbone: str = "small"
    """Torchvision classifier by name, or the built-in `small` and `small_wide`."""
    weights: str = "none"
    """`none`, `imagenet` (downloaded by torchvision) or a .safetensors/.pth file."""
    pool: Literal["max", "avg"] = "max"
    """Pooling of the last feature map."""
    feature_norm: bool = True
    """Normalise the last feature map (BatchNorm) before pooling."""
    epochs: int = Field(12, ge=1)
    """Passes over the training split."""
    batch_size: int = Field(64, ge=2)
    """Images per step, over all processes together."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """AdamW, or SGD with momentum 0.9."""
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    backbone_rate: float = Field(1.0, ge=0, le=1)
    """Learning rate of the backbone as a fraction of the heads'; pretrained ones want about 0.1."""
    final_learning_rate: float = Field(1e-5, ge=0)
    """Learning rate at the end of the cosine."""
    warmup_epochs: float = Field(0.5, ge=0)
    """Epochs of linear warm-up."""
    weight_decay: float = Field(1e-4, ge=0)
    """Weight decay."""
    clip_norm: float = Field(0.0, ge=0)
    """Largest gradient norm; 0 = no clipping."""
    patience: int = Field(0, ge=0)
    """Stop after this many epochs without a better validation mAP; 0 = never."""

    @model_validator(mode="after")
    def _check_schedule(self) -> Self:
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"`final_learning_rate` must be at most `learning_rate` ({self.learning_rate}), "
                f"got {self.final_learning_rate}."
            )
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"`warmup_epochs` must be less than `epochs` ({self.epochs}), "
                f"got {self.warmup_epochs}."
            )
        return self


class LossConfig(Section):
    """The ground-truth losses of the teacher (and of the student where beta > 0)."""

    balance: Literal["sum", "mean"] = "sum"
    """Binary terms summed over labels, or averaged (the paper's code)."""
    cal_loss: Literal["selective", "all", "none"] = "selective"
    """Calibration loss: positives against negatives only, against all others, or none."""
    alpha: float = Field(1.0, ge=0)
    """Weight of the softmax terms."""
    unknown_in_training: Literal["positive", "ignore", "negative"] = "positive"
    """What an unknown target that is flagged difficult counts as in training."""


class DistillConfig(Section):
    """What the distilled student learns from the teacher."""

    method: Literal["ud", "pdd", "kd", "none"] = "ud"
    """Uncertainty distillation, without attention (pdd), Bernoulli part only (kd), or none."""
    temperature: float = Field(3.0, gt=0)
    """Temperature of both distributions."""
    attention_weight: float = Field(0.1, ge=0)
    """Weight of uncertainty attention distillation."""
    channel_weights: Literal["softmax", "standardised", "gradcam", "uniform"] = "softmax"
    """How the uncertainty gradient becomes channel weights; `uniform` is the control."""
    beta: float = Field(0.0, ge=0)
    """Weight of the ground-truth loss in the student."""


class AugmentConfig(Section):
    """Random changes of the training images."""

    smallest_crop: float = Field(0.5, gt=0, le=1)
    """Smallest crop side as a fraction of the image's; 1 = no cropping."""
    flip: bool = True
    """Mirror half of the images left to right."""
    erase: float = Field(0.5, ge=0, le=1)
    """Probability of erasing a random rectangle."""


class HardwareConfig(Section):
    """Where the study runs; does not change what is computed beyond rounding."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU where there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """`auto` takes bf16 where the device computes it natively (GPU, or CPU with AMX)."""
    workers: int = Field(0, ge=0)
    """Data-loader processes; 0 reads in the training process."""
    threads: int = Field(0, ge=0)
    """CPU threads; 0 = PyTorch's choice."""


class Recipe(Section):
    """A study: one data set, a teacher, and per seed a baseline and a distilled student."""

    name: str = "study"
    """Short name."""
    description: str = ""
    """Command, cost and expected score."""
    data: DataConfig = DataConfig()
    teacher: NetworkConfig = NetworkConfig()
    student: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    distill: DistillConfig = DistillConfig()
    augment: AugmentConfig = AugmentConfig()
    hardware: HardwareConfig = HardwareConfig()
    seeds: tuple[int, ...] = (0,)
    """One baseline and one distilled student are trained per seed."""
    crossfit_folds: int = Field(0, ge=0)
    """Extra students that judge the training labels, each the part it did not see; 0 = none."""
    teacher_seed: int = Field(0, ge=0)
    """Seed of the teacher."""
    min_positives: int = Field(10, ge=1)
    """Labels with fewer positives in a split are shown but not trusted."""
    min_train_positives: int = Field(30, ge=1)
    """A second mean AP is taken over the labels with at least this many training images."""

    @model_validator(mode="after")
    def _check_contradictions(self) -> Self:
        if self.loss.cal_loss == "none" and self.distill.method in ("ud", "pdd"):
            raise ValueError(
                f"`distill.method` must be kd or none when `loss.cal_loss` is none, got "
                f"{self.distill.method}: without a calibration branch the teacher has no "
                "uncertainty to distil."
            )
        if self.crossfit_folds == 1:
            raise ValueError("`crossfit_folds` must be 0 or at least 2, got 1.")
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"`seeds` must be distinct and non-negative, got {self.seeds}.")
        return self


def expand(value: str, *, flag: str) -> str:
    """Replace `$NAME` by that environment variable.

    Raises:
        ValueError: If the variable is not set.
    """
    expanded = os.path.expandvars(value)
    if "$" in expanded:
        raise ValueError(
            f"`{flag}` must name a path, got {shown(repr(value))} with a variable that is not set. "
            f"Set it, or pass {flag} PATH."
        )
    return expanded
