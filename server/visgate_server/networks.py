"""Opens an exported network and runs it; knows nothing about tools, requests or Triton.

This is the one seam between a model's code and whatever computes: `open_network(path).run(inputs) -> outputs`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import DeviceError, NetworkError

Tensors = Mapping[str, NDArray[Any]]

DEVICE_VARIABLE = "VISGATE_DEVICE"
THREADS_VARIABLE = "VISGATE_THREADS"

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


# CUDA and TensorRT share a GPU's memory.
_MEMORY = {"cpu": "cpu", "cuda": "cuda", "tensorrt": "cuda"}


class DeviceTensor(Protocol):
    """A tensor in a device's memory: ONNX Runtime's `OrtValue`."""

    def numpy(self) -> NDArray[Any]:
        """A copy in host memory."""
        ...


class Network(Protocol):
    """A network that is ready to run."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Key and value pairs that the network's file carries beside the graph."""
        ...

    @property
    def input_names(self) -> tuple[str, ...]:
        """What `run` must be given."""
        ...

    def run(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Computes every output, by name, from every input, by name; the first axis of each is the batch."""
        ...

    def on_device(self, value: NDArray[Any]) -> DeviceTensor:
        """A copy of an array in the memory that the network computes in."""
        ...

    def run_on_device(self, inputs: Mapping[str, DeviceTensor]) -> dict[str, DeviceTensor]:
        """As `run`, with every tensor staying in the memory that the network computes in."""
        ...


def open_network(path: Path, device: str | None = None) -> Network:
    """Opens an ONNX file on a device.

    Args:
        path: the file, as the export wrote it.
        device: `cpu`, `cuda` or `tensorrt`; by default what `VISGATE_DEVICE` says, else `cpu`.

    Raises:
        NetworkError: there is no such file, or ONNX Runtime cannot read it.
        DeviceError: the device is unknown or not available here.
    """
    return _OnnxNetwork(path, chosen_device(device))


def chosen_device(device: str | None = None) -> str:
    """The device that was asked for: the argument, else what `VISGATE_DEVICE` says, else `cpu`."""
    return device or os.environ.get(DEVICE_VARIABLE, "cpu")


class _OnnxNetwork:
    """A network in ONNX Runtime."""

    def __init__(self, path: Path, device: str) -> None:
        import onnxruntime as ort

        if device not in _PROVIDERS:
            raise DeviceError(f"unknown device {device!r}: set {DEVICE_VARIABLE} to one of {', '.join(_PROVIDERS)}")
        if not path.is_file():
            raise NetworkError(f"no network at {path}: run `make models`")
        provider = _PROVIDERS[device]
        self._memory = _MEMORY[device]
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = int(os.environ.get(THREADS_VARIABLE, "0"))
        # Threads that spin between the operations of a run save waking them for each, a quarter of the time of a small
        # network; spinning on after the run would take the cores from the other model processes.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self._session = ort.InferenceSession(str(path), options, providers=[provider])
        except Exception as error:  # ONNX Runtime raises a dozen classes of its own with no common base
            raise NetworkError(f"{path.name} cannot be opened: {error}; run `make models` to export it anew") from error
        if provider not in self._session.get_providers():
            # ONNX Runtime logs and falls back to the CPU by itself: a GPU that was asked for must not be lost so.
            raise DeviceError(
                f"{DEVICE_VARIABLE}={device} was asked for and ONNX Runtime has no {provider} here: install "
                "onnxruntime-gpu and the driver it needs, or ask for cpu"
            )
        self._inputs = tuple(value.name for value in self._session.get_inputs())
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def metadata(self) -> Mapping[str, str]:
        return self._metadata

    @property
    def input_names(self) -> tuple[str, ...]:
        return self._inputs

    def run(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        feeds = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        return dict(zip(self._outputs, self._session.run(self._outputs, feeds), strict=True))

    def on_device(self, value: NDArray[Any]) -> DeviceTensor:
        import onnxruntime as ort

        tensor: DeviceTensor = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), self._memory, 0)
        return tensor

    def run_on_device(self, inputs: Mapping[str, DeviceTensor]) -> dict[str, DeviceTensor]:
        binding = self._session.io_binding()
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            binding.bind_output(name, self._memory, 0)
        self._session.run_with_iobinding(binding)
        return dict(zip(self._outputs, binding.get_outputs(), strict=True))
