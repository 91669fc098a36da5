"""A batch's tensors in host memory: numpy around network calls; knows nothing about requests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.diffusion.batch_tensors import BatchContents
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.schedulers.step_table import Float32Array, StepCoefficients


class HostTensors:
    """Buffers that are laid out once and filled anew at each step."""

    def __init__(self, contents: BatchContents, networks: DiffusionNetworks, profile: DiffusionProfile) -> None:
        rows, (_, channels, height, width) = len(contents.owners), contents.latents.shape
        self._contents = contents
        self._latents = contents.latents
        self._x0 = contents.previous_x0
        self._first_rows = np.searchsorted(contents.owners, np.arange(len(contents.latents)))
        beside = 0 if contents.channels is None else contents.channels.shape[1]
        sample = np.empty((rows, channels + beside, height, width), np.float32)
        if contents.channels is not None:
            sample[:, channels:] = contents.channels
        self._sample_latents = sample[:, :channels]
        self._timesteps = np.empty(rows, np.float32)
        self._unet = networks.unets[contents.unet]
        self._inputs: dict[str, NDArray[Any]] = {
            "sample": sample,
            "timestep": self._timesteps,
            "embedding": contents.embeddings,
        }
        self._residuals = {
            residual.name: np.zeros(residual.shape(rows, height, width), np.float32)
            for residual in profile.residuals
            if residual.name in self._unet.input_names
        }
        self._controls = [(networks.controls[control.kind], control) for control in contents.controls]

    def denoise(self, steps: Float32Array, fresh_noise: Float32Array | None) -> None:
        step = StepCoefficients(*steps.T[:, :, None, None, None])
        owners = self._contents.owners
        self._sample_latents[...] = (step.input_scale * self._latents)[owners]
        self._timesteps[...] = step.timestep.ravel()[owners]
        self._run_controls()
        predicted = self._unet.run(self._inputs | self._residuals)["noise"]
        noise = np.add.reduceat(self._contents.weights * predicted, self._first_rows, axis=0)
        self._advance(step, noise, fresh_noise)

    def latents(self) -> Float32Array:
        return self._latents

    def x0(self) -> Float32Array:
        return self._x0

    def _run_controls(self) -> None:
        """Puts every ControlNet's residuals in its own rows; the others' stay zero."""
        for network, control in self._controls:
            inputs = {name: value[control.rows] for name, value in self._inputs.items()}
            outputs = network.run({**inputs, "control": control.pictures})
            for name, residual in self._residuals.items():
                np.multiply(outputs[name], control.scales, out=residual[control.rows])

    def _advance(self, step: StepCoefficients, noise: Float32Array, fresh_noise: Float32Array | None) -> None:
        """The formula of `visgate_server.diffusion.schedulers`."""
        x0 = step.x0_from_latents * self._latents + step.x0_from_noise * noise
        latents = (
            step.next_from_latents * self._latents + step.next_from_x0 * x0 + step.next_from_previous_x0 * self._x0
        )
        if fresh_noise is not None:
            latents += step.next_from_fresh_noise * fresh_noise
        self._latents, self._x0 = latents, x0
