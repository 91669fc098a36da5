"""A batch's tensors in a GPU's memory: between two steps only coefficients go there and finished latents come back.

What numpy does in `host_tensors` is done here by four tiny networks (`StepGraphs`), so that the latents need not leave
the device. The tests run this code with the tensors in a CPU's memory, where it gives what `HostTensors` gives; it has
not been run on a GPU yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.diffusion.batch_tensors import BatchContents, ControlRows
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.guidance import MOST_ROWS_A_REQUEST
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.schedulers.step_table import COLUMNS, Float32Array
from visgate_server.networks import DeviceTensor, Network, open_network

_TIMESTEP = COLUMNS.index("timestep")


@dataclass(frozen=True)
class StepGraphs:
    """The arithmetic of a step as networks; n requests in R rows, `steps` is float32 [n, 8] as `COLUMNS`.

    Attributes:
        model_input: `latents` f32 [n, C, h, w], `steps`, `owners` int64 [R] to `sample` f32 [R, C, h, w].
        join_channels: `sample` and `channels` f32 [R, E, h, w] to `joined` f32 [R, C + E, h, w].
        scatter_rows: `target` f32 [R, …], `rows` int64 [m, 1], `values` f32 [m, …], `scales` f32 [m, 1, 1, 1] to
            `scattered`, the target with the scaled values in those rows.
        advance: `latents`, `previous_x0`, `fresh_noise` f32 [n, C, h, w], `steps`, `predicted` f32 [R, C, h, w], and
            the guidance as `rows` int64 [n, 3] and `weights` f32 [n, 3], to `next_latents` and `x0`.
    """

    model_input: Network
    join_channels: Network
    scatter_rows: Network
    advance: Network


def open_step_graphs(folder: Path, device: str | None) -> StepGraphs:
    """Opens the four networks of a model's version folder.

    Raises:
        NetworkError: one is missing or cannot be read.
        DeviceError: the device is unknown or not available here.
    """
    names = ("model_input", "join_channels", "scatter_rows", "advance")
    return StepGraphs(**{name: open_network(folder / f"step_{name}.onnx", device) for name in names})


class _DeviceControl:
    """A ControlNet's constant inputs on the device."""

    def __init__(self, network: Network, control: ControlRows, contents: BatchContents) -> None:
        put = network.on_device
        self.network = network
        self.row_owners = contents.owners[control.rows]
        self.owners = put(self.row_owners)
        self.rows = put(np.arange(len(contents.owners))[control.rows, None])
        self.scales = put(control.scales)
        self.inputs = {"embedding": put(contents.embeddings[control.rows]), "control": put(control.pictures)}


class DeviceTensors:
    """As `HostTensors`, on the device of the networks."""

    def __init__(
        self, contents: BatchContents, networks: DiffusionNetworks, profile: DiffusionProfile, graphs: StepGraphs
    ) -> None:
        rows, (_, _, height, width) = len(contents.owners), contents.latents.shape
        self._graphs = graphs
        self._unet = networks.unets[contents.unet]
        self._put = put = self._unet.on_device
        self._row_owners = contents.owners
        self._owners = put(contents.owners)
        self._latents = put(contents.latents)
        self._x0 = put(contents.previous_x0)
        self._no_noise = put(np.zeros_like(contents.latents))
        self._embedding = put(contents.embeddings)
        self._channels = None if contents.channels is None else put(contents.channels)
        self._no_residuals = {
            residual.name: put(np.zeros(residual.shape(rows, height, width), np.float32))
            for residual in profile.residuals
            if residual.name in self._unet.input_names
        }
        self._controls = [
            _DeviceControl(networks.controls[control.kind], control, contents) for control in contents.controls
        ]
        guidance_rows, guidance_weights = _guidance(contents)
        self._guidance = {"rows": put(guidance_rows), "weights": put(guidance_weights)}

    def denoise(self, steps: Float32Array, fresh_noise: Float32Array | None) -> None:
        coefficients = self._put(steps)
        sample = self._model_input(coefficients, self._owners)
        residuals = self._residuals(steps, coefficients)
        if self._channels is not None:
            joining = {"sample": sample, "channels": self._channels}
            sample = self._graphs.join_channels.run_on_device(joining)["joined"]
        timestep = self._put(steps[self._row_owners, _TIMESTEP])
        inputs = {"sample": sample, "timestep": timestep, "embedding": self._embedding}
        advanced = self._graphs.advance.run_on_device(
            {
                "latents": self._latents,
                "previous_x0": self._x0,
                "fresh_noise": self._no_noise if fresh_noise is None else self._put(fresh_noise),
                "steps": coefficients,
                "predicted": self._unet.run_on_device({**inputs, **residuals})["noise"],
                **self._guidance,
            }
        )
        self._latents, self._x0 = advanced["next_latents"], advanced["x0"]

    def latents(self) -> Float32Array:
        return self._latents.numpy()

    def x0(self) -> Float32Array:
        return self._x0.numpy()

    def _model_input(self, coefficients: DeviceTensor, owners: DeviceTensor) -> DeviceTensor:
        inputs = {"latents": self._latents, "steps": coefficients, "owners": owners}
        return self._graphs.model_input.run_on_device(inputs)["sample"]

    def _residuals(self, steps: Float32Array, coefficients: DeviceTensor) -> Mapping[str, DeviceTensor]:
        """Every ControlNet's residuals in its own rows, zeros in the others'."""
        residuals = dict(self._no_residuals)
        for control in self._controls:
            sample = self._model_input(coefficients, control.owners)
            timestep = self._put(steps[control.row_owners, _TIMESTEP])
            outputs = control.network.run_on_device({"sample": sample, "timestep": timestep, **control.inputs})
            for name, target in residuals.items():
                values = {"target": target, "rows": control.rows, "values": outputs[name], "scales": control.scales}
                residuals[name] = self._graphs.scatter_rows.run_on_device(values)["scattered"]
        return residuals


def _guidance(contents: BatchContents) -> tuple[NDArray[np.int64], Float32Array]:
    """The rows of each request and their weights, [n, 3] both; where it has fewer, its first row at no weight."""
    requests = len(contents.latents)
    first = np.searchsorted(contents.owners, np.arange(requests))
    rows: NDArray[Any] = np.repeat(first[:, None], MOST_ROWS_A_REQUEST, axis=1)
    weights = np.zeros((requests, MOST_ROWS_A_REQUEST), np.float32)
    for row, owner in enumerate(contents.owners):
        place = row - first[owner]
        rows[owner, place], weights[owner, place] = row, contents.weights[row, 0, 0, 0]
    return rows.astype(np.int64), weights
