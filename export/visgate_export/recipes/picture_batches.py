"""Photographs in batches for parity checks, and their preparation in NumPy, apart from what graphs do."""

import numpy as np
from numpy.typing import NDArray

from visgate_export.checkpoints import PictureRules
from visgate_export.parity import BATCH_SIZES, Inputs
from visgate_export.sample_pictures import photographs


def sample_batches(rules: PictureRules) -> list[Inputs]:
    """Batches of `image`, UINT8 [N, height, width, 3], of different numbers of rows."""
    return [{"image": photographs(rules.height, rules.width, count)} for count in BATCH_SIZES]


def square_batches(side: int) -> list[Inputs]:
    """Batches of `image`, UINT8 [N, side, side, 3], of different numbers of rows."""
    return [{"image": photographs(side, side, count)} for count in BATCH_SIZES]


def prepared(pictures: NDArray[np.uint8], rules: PictureRules) -> NDArray[np.float32]:
    """Pictures [N, height, width, 3], 0–255, as [N, 3, height, width] with the rules' mean and deviation."""
    mean, std = (np.asarray(values, np.float32) for values in (rules.mean, rules.std))
    scaled = (pictures.astype(np.float32) / np.float32(255) - mean) / std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def prepared_and_filled(
    pictures: NDArray[np.uint8], sizes: NDArray[np.int64], rules: PictureRules
) -> NDArray[np.float32]:
    """As `prepared`, and 0 outside of the rows and columns, int64 [N, 2], that each picture fills."""
    pixels = prepared(pictures, rules)
    for picture, (rows, columns) in zip(pixels, sizes, strict=True):
        picture[:, rows:] = 0
        picture[:, :, columns:] = 0
    return pixels
