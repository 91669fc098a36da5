"""Turns pictures into what the pocket networks take, and back; runs no network."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from visgate_export.pocket.architectures import PIXELS_PER_CELL

UInt8Array = npt.NDArray[np.uint8]


def to_tensor(pictures: Sequence[UInt8Array]) -> torch.Tensor:
    """Pictures [H, W, 3] 0–255 of one size as one tensor [N, 3, H, W], −1 to 1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pictures(tensor: torch.Tensor) -> list[UInt8Array]:
    """[N, 3, H, W], −1 to 1, as pictures [H, W, 3] 0–255; what is beyond becomes black or full colour."""
    levels = (tensor.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)
    return list(levels.permute(0, 2, 3, 1).contiguous().numpy())


def fold(pictures: torch.Tensor) -> torch.Tensor:
    """[N, 3, H, W] → [N, 48, H/4, W/4], as the autoencoder takes pictures."""
    return functional.pixel_unshuffle(pictures, PIXELS_PER_CELL)


def unfold(cells: torch.Tensor) -> torch.Tensor:
    """[N, 48, H/4, W/4] → [N, 3, H, W]."""
    return functional.pixel_shuffle(cells, PIXELS_PER_CELL)
