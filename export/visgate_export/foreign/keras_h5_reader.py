"""Reads Keras 3 weight files (`.weights.h5`) into numpy with h5py alone; knows nothing about layers' meanings.

The format: each layer is a group named by its place in the model, with a group `vars` of data sets `0`, `1`, ...;
layers without weights have an empty one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from visgate_export.errors import WeightFormatError

_VARIABLES = "vars"


class KerasWeights:
    """The variables of a model's layers."""

    def __init__(self, layers: Mapping[str, tuple[NDArray[np.float32], ...]], file_name: str) -> None:
        self._layers = dict(layers)
        self._file_name = file_name

    @property
    def layers(self) -> tuple[str, ...]:
        """Places of all layers that have weights, for example `block1/layers/conv2d_1`."""
        return tuple(self._layers)

    def convolution(self, layer: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The kernel [kh, kw, in, out] and the bias [out] of the Conv2D at `layer`.

        Raises:
            WeightFormatError: there is no such layer, or its variables are not those of a Conv2D with a bias.
        """
        variables = self._layers.get(layer)
        if variables is None:
            raise WeightFormatError(
                f"{self._file_name} has no weights of a layer {layer!r}; it has {', '.join(sorted(self._layers))}"
            )
        shapes = [variable.shape for variable in variables]
        if len(shapes) != 2 or len(shapes[0]) != 4 or shapes[1] != (shapes[0][-1],):
            raise WeightFormatError(
                f"layer {layer!r} of {self._file_name} has variables of shapes {shapes}: "
                "they are not the kernel and bias of a Conv2D"
            )
        kernel, bias = variables
        return kernel, bias


def read_keras_weights(path: Path) -> KerasWeights:
    """Reads all weights.

    Raises:
        WeightFormatError: the file is no HDF5 file, is cut off, or holds something other than Keras 3 float weights.
    """
    layers: dict[str, tuple[NDArray[np.float32], ...]] = {}
    try:
        with h5py.File(path, "r") as file:
            datasets: list[str] = []
            file.visititems(lambda name, item: datasets.append(name) if isinstance(item, h5py.Dataset) else None)
            for layer, count in _variable_counts(datasets, path.name).items():
                group = file[f"{layer}/{_VARIABLES}"]
                layers[layer] = tuple(_float32(group[str(index)], path.name) for index in range(count))
    except OSError as error:
        raise WeightFormatError(f"{path.name} is no whole HDF5 file ({error}): fetch it again") from error
    if not layers:
        raise WeightFormatError(f"{path.name} holds no weights: it is not a file that Keras 3's save_weights wrote")
    return KerasWeights(layers, path.name)


def _variable_counts(datasets: list[str], file_name: str) -> dict[str, int]:
    """How many variables each layer has, in the file's order of layers."""
    numbers: dict[str, list[str]] = {}
    for name in datasets:
        layer, _, rest = name.rpartition(f"/{_VARIABLES}/")
        if not layer:
            raise WeightFormatError(f"{file_name} holds {name!r}, which is not where Keras 3 keeps a variable")
        numbers.setdefault(layer, []).append(rest)
    for layer, found in numbers.items():
        if sorted(found) != sorted(str(index) for index in range(len(found))):
            raise WeightFormatError(f"layer {layer!r} of {file_name} has variables {found}: some are missing")
    return {layer: len(found) for layer, found in numbers.items()}


def _float32(dataset: Any, file_name: str) -> NDArray[np.float32]:
    if dataset.dtype != np.float32:
        raise WeightFormatError(f"{dataset.name} of {file_name} is {dataset.dtype}; only float32 is known here")
    return np.asarray(dataset)
