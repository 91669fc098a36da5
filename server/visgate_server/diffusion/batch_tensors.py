"""The seam between a batch and where its tensors live: host memory with numpy, or a GPU with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visgate_server.diffusion.draw_request import UInt8Array
from visgate_server.diffusion.schedulers.step_table import Float32Array


@dataclass(frozen=True)
class ControlRows:
    """The rows of a batch that one ControlNet sees.

    Attributes:
        kind: which ControlNet.
        rows: where they are in the batch; they lie side by side.
        pictures: UINT8 [rows, height, width, 3].
        scales: how strongly each row follows its picture, float32 [rows, 1, 1, 1].
    """

    kind: str
    rows: slice
    pictures: UInt8Array
    scales: Float32Array


@dataclass(frozen=True)
class BatchContents:
    """What a batch is made of when it is formed; n requests in R rows.

    Attributes:
        unet: which UNet.
        latents: float32 [n, C, h, w].
        previous_x0: float32 [n, C, h, w].
        owners: the request of each row, rising, int64 [R].
        weights: of each row's noise in its request's, float32 [R, 1, 1, 1].
        embeddings: float32 [R, tokens, D].
        channels: beside the latents, float32 [R, channels, h, w].
        controls: by kind.
    """

    unet: str
    latents: Float32Array
    previous_x0: Float32Array
    owners: NDArray[np.int64]
    weights: Float32Array
    embeddings: Float32Array
    channels: Float32Array | None
    controls: tuple[ControlRows, ...]


class BatchTensors(Protocol):
    """A batch's tensors, from its forming to its end."""

    def denoise(self, steps: Float32Array, fresh_noise: Float32Array | None) -> None:
        """One step of every request.

        Args:
            steps: the step's coefficients, float32 [n, 8], columns as `schedulers.step_table.COLUMNS`.
            fresh_noise: N(0, 1), float32 [n, C, h, w], where any request's step adds noise.
        """
        ...

    def latents(self) -> Float32Array:
        """The latents after the last step, float32 [n, C, h, w] in host memory."""
        ...

    def x0(self) -> Float32Array:
        """The clean latents that the last step guessed, float32 [n, C, h, w] in host memory."""
        ...


TensorsFactory = Callable[[BatchContents], BatchTensors]
