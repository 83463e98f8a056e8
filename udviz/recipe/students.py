"""A student of a study: how it is taught, and what its network has different."""

import re
from collections.abc import Collection, Iterable
from typing import Any, Literal, Self

from pydantic import Field, create_model, model_validator

from udviz.checks import shown
from udviz.recipe.methods import WAYS, Way
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.section import Section
from udviz.vocabulary import BASELINE, DISTILLED, TEACHER, Method

CROSSFIT = "crossfit"  # runs that judge training labels; no model of its own
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LONGEST_NAME = 40

_FIELDS: dict[str, Any] = {
    name: (field.rebuild_annotation() | None, Field(None, description=field.description))
    for name, field in NetworkConfig.model_fields.items()
}
_Overrides: Any = create_model("_Overrides", __base__=Section, **_FIELDS)


class StudentConfig(_Overrides):
    """How a student is taught; besides, any field of `[student]` that is other for this one."""

    method: Method = "ud"
    """Way to teach: none, cal, kd, pdd, ud, mld or cam (docs/methods.md)."""
    loss: Literal["bce", "asl"] = "bce"
    """Loss of the ground truth: binary cross entropy, or the asymmetric loss (asl)."""
    temperature: float = Field(3.0, gt=0)
    """kd, pdd, ud: temperature of both distributions."""
    beta: float = Field(0.0, ge=0)
    """kd, pdd, ud: weight of the ground-truth loss."""
    attention_weight: float = Field(0.1, ge=0)
    """ud: weight of uncertainty attention distillation."""
    channel_weights: Literal["softmax", "standardised", "gradcam", "uniform"] = "softmax"
    """ud: how the uncertainty gradient becomes channel weights; `uniform` is the control."""
    mld_weight: float = Field(0.15625, ge=0)
    """mld: weight of the divergence; the default is the paper's, lambda / B = 10 / 64."""
    cam_weight: float = Field(1.0, ge=0)
    """cam: weight of the squared difference of the class activation maps."""
    gamma_pos: float = Field(0.0, ge=0)
    """asl: focusing of the positive targets."""
    gamma_neg: float = Field(4.0, ge=0)
    """asl: focusing of the negative targets."""
    clip: float = Field(0.05, ge=0, lt=1)
    """asl: probability that is taken off negative targets."""

    @model_validator(mode="after")
    def _check_all_is_read(self) -> Self:
        read = self.method_settings()
        for name, field in StudentConfig.model_fields.items():
            if name not in (*read, *NetworkConfig.model_fields):
                value, default = getattr(self, name), field.default
                if value != default:
                    raise ValueError(
                        f"`{name}` must stay {default} where method is {self.method}, loss "
                        f"{self.loss} and beta {self.beta:g}, which do not read it, got "
                        f"{shown(repr(value))}."
                    )
        return self

    @property
    def way(self) -> Way:
        """What its way to teach needs."""
        return WAYS[self.method]

    @property
    def overrides(self) -> dict[str, Any]:
        """What it has different from `[student]`, by field."""
        values = {name: getattr(self, name) for name in NetworkConfig.model_fields}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def uses_ground_truth(self) -> bool:
        """Whether it learns from the targets at all."""
        return self.way.ground_truth or self.beta > 0

    def method_settings(self) -> dict[str, Any]:
        """Those settings of its method that it listens to."""
        names = list(self.way.settings)
        if self.uses_ground_truth:
            names.append("loss")
            names += ["gamma_pos", "gamma_neg", "clip"] if self.loss == "asl" else []
        return {"method": self.method} | {name: getattr(self, name) for name in names}


DEFAULT_STUDENTS = {
    BASELINE: StudentConfig(method="none"),
    DISTILLED: StudentConfig(method="ud"),
}


def comparisons_without(models: Collection[str], comparisons: Iterable[str]) -> tuple[str, ...]:
    """Those ``before:after`` of ``comparisons`` that name none of ``models``."""
    return tuple(pair for pair in comparisons if not set(pair.split(":")) & set(models))


def check_student_name(name: str) -> None:
    """Raise unless ``name`` may be that of a student: in flags, files and tables.

    Raises:
        ValueError: Says what a name may be.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(
            "`students` must have names of letters, digits, `-` and `_` that begin with a letter "
            f"or a digit and have at most {_LONGEST_NAME} characters, got {shown(repr(name))}."
        )
    if name.lower() in (TEACHER, CROSSFIT):
        raise ValueError(f"`students` must not hold one called {name}: other runs are.")
