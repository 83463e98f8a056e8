"""What a way to teach sees of one batch, and what it answers with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from udviz.method.network import Output, TwoHeadedNetwork
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig


class Term(NamedTuple):
    """A named loss and its part in the total.

    Attributes:
        weight: Of the loss in the total.
        value: Scalar; logged under its name, without the weight.
    """

    weight: float
    value: Tensor


Terms = dict[str, Term]


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One batch, as the student and its teacher see it.

    Attributes:
        network: The student.
        output: What it gives for the batch.
        targets: (B, L) of {1, 0, -1}.
        loss: Settings of the ground-truth losses.
        settings: Settings of the way to teach.
        teacher: Frozen network and what it gives for the batch; None where nobody teaches.
    """

    network: TwoHeadedNetwork
    output: Output
    targets: Tensor
    loss: LossConfig
    settings: StudentConfig
    teacher: tuple[TwoHeadedNetwork, Output] | None = None

    @property
    def taught(self) -> Output:
        """What the teacher gives for the batch.

        Raises:
            ValueError: If there is no teacher.
        """
        return self._teacher[1]

    def class_maps(self) -> tuple[Tensor, Tensor]:
        """(B, L, h, w) float32 class activation maps of the student and of the teacher."""
        pairs = ((self.network, self.output), self._teacher)
        with torch.autocast(self.targets.device.type, enabled=False):
            ours, theirs = (net.class_maps(output.features.float()) for net, output in pairs)
        return ours, theirs

    @property
    def _teacher(self) -> tuple[TwoHeadedNetwork, Output]:
        if self.teacher is None:
            raise ValueError(f"`method` {self.settings.method} must have a teacher, got none.")
        return self.teacher


Teach = Callable[[Step], Terms]
