"""Reads ncnn networks (`.param` text and `.bin` weights) into numpy; knows nothing about ONNX.

The formats: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure. How many bytes of the `.bin` belong
to a layer only follows from its kind, so a kind that is not known here ends the reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_export.errors import UnknownOperationError, WeightFormatError

_MAGIC = "7767517"
_FLOAT32_FLAG = 0
_FLOAT16_FLAG = 0x01306B47

Weights = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class NcnnLayer:
    """One layer."""

    kind: str
    """ncnn's name, for example `PixelShuffle`."""
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: Mapping[int, float]
    """By ncnn's parameter number; absent ones have their defaults."""
    weights: Weights
    """Convolution: [out, in, kh, kw], then the bias if there is one. PReLU: one slope per channel."""

    def integer(self, number: int, default: int) -> int:
        """A parameter that is a whole number."""
        return int(self.parameters.get(number, default))


def read_ncnn(param: Path, weights: Path) -> tuple[NcnnLayer, ...]:
    """Reads a network's layers, in the file's order, in which each layer follows those that it needs.

    Raises:
        UnknownOperationError: a layer's kind, or a setting that changes its weights, is not known here.
        WeightFormatError: a file is not laid out as ncnn's, or they do not belong together.
    """
    lines = param.read_text(errors="replace").split("\n")
    if lines[0].strip() != _MAGIC:
        raise WeightFormatError(f"{param.name} does not begin with {_MAGIC}: it is no ncnn .param file in text form")
    rows = [line.split() for line in lines[2:] if line.strip()]
    try:
        layer_count = int(lines[1].split()[0])
        headers = [_header(row) for row in rows]
    except (IndexError, ValueError) as error:
        raise WeightFormatError(f"{param.name} is not laid out as an ncnn .param file: {error}") from error
    if len(headers) != layer_count:
        raise WeightFormatError(
            f"{param.name} announces {layer_count} layers and has {len(headers)}: it is cut off, fetch it again"
        )
    stream = _WeightStream(weights)
    layers = tuple(_with_weights(header, stream) for header in headers)
    stream.require_end()
    return layers


def _header(row: list[str]) -> NcnnLayer:
    kind, name, input_count, output_count = row[0], row[1], int(row[2]), int(row[3])
    blobs, settings = row[4 : 4 + input_count + output_count], row[4 + input_count + output_count :]
    if len(blobs) != input_count + output_count:
        raise ValueError(f"layer {name!r} lacks the names of its inputs and outputs")
    parameters: dict[int, float] = {}
    for setting in settings:
        number, _, value = setting.partition("=")
        if int(number) <= -23300:  # ncnn writes lists as -23300 minus the parameter's number
            raise UnknownOperationError(f"{kind} {name!r} has a list, {setting}; lists are not known here")
        parameters[int(number)] = float(value)
    return NcnnLayer(kind, name, tuple(blobs[:input_count]), tuple(blobs[input_count:]), parameters, ())


class _WeightStream:
    """The `.bin` file, read from front to back."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._bytes = path.read_bytes()
        self._offset = 0

    def flagged(self, count: int, layer: str) -> NDArray[np.float32]:
        """Numbers behind a flag that tells how they are stored, padded to four bytes."""
        flag = int(self._take(np.dtype("<u4"), 1, layer)[0])
        if flag == _FLOAT32_FLAG:
            return self.plain(count, layer)
        if flag != _FLOAT16_FLAG:
            raise WeightFormatError(
                f"the weights of {layer!r} in {self._name} are stored as {flag:#010x}; only float32 ({_FLOAT32_FLAG}) "
                f"and float16 ({_FLOAT16_FLAG:#010x}) are known here"
            )
        numbers = self._take(np.dtype("<f2"), count, layer)
        self._offset += -self._offset % 4
        return numbers.astype(np.float32)

    def plain(self, count: int, layer: str) -> NDArray[np.float32]:
        """32-bit numbers without a flag."""
        return self._take(np.dtype("<f4"), count, layer).astype(np.float32)

    def require_end(self) -> None:
        """Fails if bytes are left."""
        if self._offset != len(self._bytes):
            raise WeightFormatError(
                f"{self._name} has {len(self._bytes)} bytes, its .param file describes {self._offset}: "
                "they do not belong together"
            )

    def _take(self, dtype: np.dtype[Any], count: int, layer: str) -> NDArray[Any]:
        end = self._offset + count * dtype.itemsize
        if end > len(self._bytes):
            raise WeightFormatError(
                f"{self._name} ends in the middle of the weights of {layer!r}: byte {end} of {len(self._bytes)} is "
                "wanted. It is cut off, or belongs to another .param file."
            )
        numbers = np.frombuffer(self._bytes, dtype, count, self._offset)
        self._offset = end
        return numbers


def _no_weights(_layer: NcnnLayer, _stream: _WeightStream) -> Weights:
    return ()


def _convolution_weights(layer: NcnnLayer, stream: _WeightStream) -> Weights:
    if layer.integer(8, 0):
        raise UnknownOperationError(f"Convolution {layer.name!r} has 8-bit weights, which are not known here")
    channels, columns = layer.integer(0, 0), layer.integer(1, 0)
    rows, count = layer.integer(11, columns), layer.integer(6, 0)
    per_input = channels * rows * columns
    if not per_input or count % per_input:
        raise WeightFormatError(
            f"Convolution {layer.name!r} has {count} weights, which {channels} kernels of {rows} x {columns} do not fit"
        )
    kernel = stream.flagged(count, layer.name).reshape(channels, count // per_input, rows, columns)
    return (kernel, stream.plain(channels, layer.name)) if layer.integer(5, 0) else (kernel,)


def _prelu_weights(layer: NcnnLayer, stream: _WeightStream) -> Weights:
    return (stream.plain(layer.integer(0, 0), layer.name),)


_WEIGHTS: Mapping[str, Callable[[NcnnLayer, _WeightStream], Weights]] = {
    "BinaryOp": _no_weights,
    "Convolution": _convolution_weights,
    "Input": _no_weights,
    "Interp": _no_weights,
    "PReLU": _prelu_weights,
    "PixelShuffle": _no_weights,
    "Split": _no_weights,
}


def _with_weights(header: NcnnLayer, stream: _WeightStream) -> NcnnLayer:
    read = _WEIGHTS.get(header.kind)
    if read is None:
        raise UnknownOperationError(
            f"the ncnn layer kind {header.kind} (layer {header.name!r}) is not known here. "
            "Add it to the tables of ncnn_reader and ncnn_to_onnx."
        )
    return NcnnLayer(header.kind, header.name, header.inputs, header.outputs, header.parameters, read(header, stream))
