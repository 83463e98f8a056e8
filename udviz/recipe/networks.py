"""A network of a study, and how it is optimised."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from udviz.recipe.section import Section


class NetworkConfig(Section):
    """One network and how it is optimised."""

    backbone: str = "small"
    """Torchvision classifier by name, built-in `small` or `small_wide`, or `timm:NAME`."""
    weights: str = "none"
    """`none`, `imagenet` (downloaded once) or a .safetensors/.pth file."""
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


class TeacherConfig(NetworkConfig):
    """The teacher's network, or where a trained teacher comes from."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: str = Field("", alias="from")
    """Folder of a trained run, or a .safetensors file with its run.toml; empty = train one here."""
