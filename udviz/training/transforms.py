"""From uint8 pixels to what a network sees; augmentation of whole batches on any device.

All random numbers of a step are drawn on the CPU for the whole (global) batch from one seed, so a
step is the same on one process or many, and after a restart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from udviz.method.weights import MEAN, STD
from udviz.recipe.schema import AugmentConfig

CROP_SCALES = (1.0, 0.875, 0.75, 0.66, 0.5)
ERASED_AREA = (0.02, 0.33)  # fraction of the image
ERASED_ASPECT = (0.3, 3.3)


@dataclass(frozen=True, eq=False, kw_only=True)
class Augmentation:
    """How each image of a batch is cropped, mirrored and erased.

    Attributes:
        affine: (B, 2, 3) from output to input coordinates, both in [-1, 1].
        erased: (B, 4) left, top, right, bottom of the erased rectangle in [0, 1]; all 0 = none.
    """

    affine: Tensor
    erased: Tensor

    def rows(self, start: int, stop: int) -> "Augmentation":
        """The augmentation of images ``start`` to ``stop`` of the batch."""
        return Augmentation(affine=self.affine[start:stop], erased=self.erased[start:stop])


def draw_augmentation(n_images: int, config: AugmentConfig, *, seed: int) -> Augmentation:
    """Draw the random changes of ``n_images`` images.

    Width and height scales are drawn together, at most one step apart (so that objects are
    stretched mildly), the place of the crop is uniform.

    Source:
        Multi-scale crop, flip and random erasing of Song et al. (2021), section 4.2;
        Zhong et al. (2020), "Random Erasing Data Augmentation".
    """
    random = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random)

    scales = torch.tensor([s for s in CROP_SCALES if s >= config.smallest_crop])
    width_step = torch.randint(len(scales), (n_images,), generator=random)
    shift = torch.randint(-1, 2, (n_images,), generator=random)
    height_step = (width_step + shift).clamp(0, len(scales) - 1)
    scale = torch.stack([scales[width_step], scales[height_step]], dim=1)  # (B, 2)
    center = (1.0 - scale) * (2.0 * uniform(n_images, 2) - 1.0)  # (B, 2) in [-1, 1]
    mirror = torch.where(uniform(n_images) < 0.5, -1.0, 1.0) if config.flip else 1.0

    affine = torch.zeros(n_images, 2, 3)
    affine[:, 0, 0] = scale[:, 0] * mirror
    affine[:, 1, 1] = scale[:, 1]
    affine[:, :, 2] = center

    area = ERASED_AREA[0] + (ERASED_AREA[1] - ERASED_AREA[0]) * uniform(n_images)
    low, high = torch.tensor(ERASED_ASPECT).log()
    aspect = torch.exp(low + (high - low) * uniform(n_images))
    size = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], dim=1).clamp(max=1.0)
    corner = uniform(n_images, 2) * (1.0 - size)
    chosen = (uniform(n_images) < config.erase).float()[:, None]
    erased = torch.cat([corner, corner + size], dim=1) * chosen  # (B, 4)
    return Augmentation(affine=affine, erased=erased)


def normalise(pixels: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32, standardised per channel, channels last."""
    mean = torch.tensor(MEAN, device=pixels.device)
    std = torch.tensor(STD, device=pixels.device)
    images = (pixels.float() / 255.0).sub_(mean).div_(std)
    return images.permute(0, 3, 1, 2)  # (B, 3, H, W), stored channels last


def augment(images: Tensor, augmentation: Augmentation) -> Tensor:
    """Apply ``augmentation`` to (B, 3, H, W) images; erased pixels become 0, the mean colour."""
    device = images.device
    affine = augmentation.affine.to(device, non_blocking=True)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    left, top, right, bottom = augmentation.erased.to(device, non_blocking=True).unbind(dim=1)
    height, width = images.shape[2:]
    y = (torch.arange(height, device=device) + 0.5) / height
    x = (torch.arange(width, device=device) + 0.5) / width
    inside_y = (y >= top[:, None]) & (y < bottom[:, None])  # (B, H)
    inside_x = (x >= left[:, None]) & (x < right[:, None])  # (B, W)
    inside = inside_y[:, :, None] & inside_x[:, None, :]  # (B, H, W)
    return images.masked_fill_(inside[:, None], 0.0).contiguous(memory_format=torch.channels_last)
