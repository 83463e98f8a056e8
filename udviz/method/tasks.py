"""What a run learns: a batch goes in, named losses come out.

The training loop runs the network, and does not know who teaches it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from udviz.method.network import Output, TwoHeadedNetwork, frozen_forward
from udviz.method.teaching import ground_truth
from udviz.method.teaching.step import Step, Teach, Terms
from udviz.method.teaching.ways import TEACH
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """A network to train, and what teaches it.

    Attributes:
        network: The network that is trained.
        teach: Its losses for a batch.
        loss: Settings of the ground-truth losses.
        settings: Settings of the way to teach.
        teacher: Frozen, always in evaluation mode; None where nobody teaches.
    """

    network: TwoHeadedNetwork
    teach: Teach
    loss: LossConfig
    settings: StudentConfig
    teacher: TwoHeadedNetwork | None = None

    def to(self, device: torch.device) -> None:
        """Move the networks to ``device``, with channels last in memory."""
        for network in filter(None, (self.network, self.teacher)):
            network.to(device).to(memory_format=torch.channels_last)

    def terms(self, output: Output, images: Tensor, targets: Tensor) -> Terms:
        """Named losses of a batch.

        Args:
            output: What the network gives for the images.
            images: (B, 3, H, W) normalised images, for the teacher.
            targets: (B, L) of {1, 0, -1}.
        """
        taught = None
        if self.teacher is not None:
            taught = self.teacher, frozen_forward(self.teacher, images)
        step = Step(
            network=self.network,
            output=output,
            targets=targets,
            loss=self.loss,
            settings=self.settings,
            teacher=taught,
        )
        return self.teach(step)


def teacher_task(network: TwoHeadedNetwork, loss: LossConfig) -> Task:
    """The teacher's own training, on the ground truth."""
    settings = StudentConfig(method="none")
    return Task(network=network, teach=ground_truth.teacher, loss=loss, settings=settings)


def student_task(
    network: TwoHeadedNetwork,
    loss: LossConfig,
    settings: StudentConfig,
    *,
    teacher: TwoHeadedNetwork | None = None,
) -> Task:
    """A student's training by the method of its settings; ``teacher`` is frozen."""
    if teacher is not None:
        teacher.requires_grad_(False).eval()
    return Task(
        network=network,
        teach=TEACH[settings.method],
        loss=loss,
        settings=settings,
        teacher=teacher,
    )


def total_loss(terms: Terms) -> Tensor:
    """Weighted sum of the named losses."""
    return torch.stack([weight * value for weight, value in terms.values()]).sum()
