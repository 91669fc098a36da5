"""Fits the colours of latents for previews that cost no VAE decode: a linear map from a latent to its pixels' mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_DIGITS = 3


@dataclass(frozen=True)
class LatentColours:
    """A picture 0–1 is about `latents` · `weights` + `bias`, cell by cell."""

    weights: tuple[tuple[float, float, float], ...]
    """Red, green, blue for each latent channel."""
    bias: tuple[float, float, float]


def fit_latent_colours(
    encode: Callable[[NDArray[np.uint8]], NDArray[Any]], pictures: NDArray[np.uint8]
) -> LatentColours:
    """Fits by least squares what pictures look like to what they are encoded to.

    Args:
        encode: [N,H,W,3] → scaled latents [N,C,h,w].
        pictures: uint8 [N,H,W,3]; together they need more cells than there are channels, in many colours.

    Returns:
        Numbers of three digits: they are pinned, and fine differences between machines must not show.
    """
    latents = encode(pictures)
    channels, height, width = latents.shape[1:]
    means = np.stack([cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in pictures])
    cells = latents.transpose(0, 2, 3, 1).reshape(-1, channels).astype(np.float64)
    with_bias = np.concatenate((cells, np.ones((len(cells), 1))), axis=1)
    solution, *_ = np.linalg.lstsq(with_bias, means.reshape(-1, 3).astype(np.float64) / 255, rcond=None)
    rows = [
        (round(float(red), _DIGITS), round(float(green), _DIGITS), round(float(blue), _DIGITS))
        for red, green, blue in solution
    ]
    return LatentColours(tuple(rows[:-1]), rows[-1])
