"""Reads TF.js graph models (`model.json` and weight shards) into numpy; knows nothing about ONNX.

The format: `modelTopology` is a TensorFlow GraphDef in protobuf's JSON mapping, `weightsManifest` lists the tensors
in the order in which their bytes follow one another in the joined shards.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_export.errors import WeightFormatError

_DTYPES: Mapping[str, type[np.generic]] = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}

AttributeValue = int | float | bool | str | list[int] | list[float] | list[str] | None


@dataclass(frozen=True)
class GraphNode:
    """One operation of a TensorFlow graph."""

    name: str
    operation: str
    """TensorFlow's name, for example `DepthwiseConv2dNative`."""
    inputs: tuple[str, ...]
    """Tensor names: a node's name, with `:1`, `:2` and so on for all but its first output."""
    attributes: Mapping[str, AttributeValue]
    """Attribute kinds other than numbers, flags, words, types and lists of them are read as None."""


@dataclass(frozen=True)
class GraphModel:
    """A graph and its constants."""

    nodes: Mapping[str, GraphNode]
    """All but the constants, by name, in file order."""
    constants: Mapping[str, NDArray[Any]]
    """By node name; half-precision weights are widened to float32, as TF.js does when it loads them."""


def read_graph_model(topology: Path, shards: Sequence[Path]) -> GraphModel:
    """Reads one model.

    Args:
        topology: the JSON file.
        shards: the weight files, in the order in which the JSON file's manifest lists them.

    Raises:
        WeightFormatError: the files are no graph model, lack bytes, or use an encoding that is not known here.
    """
    document = _parse(topology)
    try:
        manifest = document["weightsManifest"]
        entries = [entry for group in manifest for entry in group["weights"]]
        expected = [name for group in manifest for name in group["paths"]]
        raw_nodes = document["modelTopology"]["node"]
        nodes = [_node(raw) for raw in raw_nodes if raw["op"] != "Const"]
        constant_names = [raw["name"] for raw in raw_nodes if raw["op"] == "Const"]
    except (KeyError, TypeError) as error:
        raise WeightFormatError(
            f"{topology.name} is no TF.js graph model: {error} is missing or of the wrong kind. "
            "Give the model.json that tensorflowjs_converter wrote with --output_format=tfjs_graph_model."
        ) from error
    found = [shard.name for shard in shards]
    if found != expected:
        raise WeightFormatError(f"{topology.name} wants the weight shards {expected}, in this order; got {found}")
    weights = _weights(entries, b"".join(shard.read_bytes() for shard in shards), topology.name)
    missing = sorted(set(constant_names) - set(weights))
    if missing:
        raise WeightFormatError(
            f"{topology.name} lists no weights for the constant {missing[0]!r} ({len(missing)} in all): "
            "its two halves do not belong together"
        )
    return GraphModel({node.name: node for node in nodes}, weights)


def _parse(topology: Path) -> Any:
    try:
        document = json.loads(topology.read_bytes())
    except ValueError as error:
        raise WeightFormatError(
            f"{topology.name} is not JSON ({error}): it is cut off or another kind of file"
        ) from error
    if not isinstance(document, dict) or document.get("format") != "graph-model":
        raise WeightFormatError(f"{topology.name} does not say that its format is `graph-model`; no other is read here")
    return document


def _node(raw: Mapping[str, Any]) -> GraphNode:
    attributes = {name: _attribute(value) for name, value in raw.get("attr", {}).items()}
    # A leading caret marks an order of execution, not data.
    inputs = tuple(name.removesuffix(":0") for name in raw.get("input", ()) if not name.startswith("^"))
    return GraphNode(raw["name"], raw["op"], inputs, attributes)


def _attribute(raw: Mapping[str, Any]) -> AttributeValue:
    """One AttrValue: 64-bit integers come as strings, bytes as base64."""
    if "list" in raw:
        values = raw["list"]
        if "i" in values:
            return [int(value) for value in values["i"]]
        if "f" in values:
            return [float(value) for value in values["f"]]
        return [_word(value) for value in values.get("s", ())]
    if "i" in raw:
        return int(raw["i"])
    if "f" in raw:
        return float(raw["f"])
    if "b" in raw:
        return bool(raw["b"])
    if "s" in raw:
        return _word(raw["s"])
    return str(raw["type"]) if "type" in raw else None


def _word(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _weights(entries: Sequence[Mapping[str, Any]], joined: bytes, file_name: str) -> dict[str, NDArray[Any]]:
    weights: dict[str, NDArray[Any]] = {}
    offset = 0
    for entry in entries:
        name, shape = entry["name"], tuple(entry["shape"])
        target, stored = _dtypes(entry, file_name)
        count = math.prod(shape)
        end = offset + count * stored.itemsize
        if end > len(joined):
            raise WeightFormatError(
                f"the weight shards of {file_name} end in the middle of {name!r}: it reaches to byte {end} of "
                f"{len(joined)}. Fetch them again."
            )
        weights[name] = np.frombuffer(joined, stored, count, offset).reshape(shape).astype(target)
        offset = end
    if offset != len(joined):
        raise WeightFormatError(
            f"the weight shards of {file_name} hold {len(joined)} bytes, its manifest describes {offset}: "
            "they do not belong together"
        )
    return weights


def _dtypes(entry: Mapping[str, Any], file_name: str) -> tuple[type[np.generic], np.dtype[Any]]:
    """The type a tensor has when loaded, and the one its bytes have."""
    target = _DTYPES.get(entry["dtype"])
    quantisation = entry.get("quantization")
    if target is None or (quantisation is not None and quantisation["dtype"] != "float16"):
        raise WeightFormatError(
            f"{file_name} stores {entry['name']!r} as {entry['dtype']} with quantisation {quantisation}: only "
            f"{', '.join(_DTYPES)} and float16 quantisation are known here. Extend tfjs_reader."
        )
    stored = np.float16 if quantisation is not None else target
    return target, np.dtype(stored).newbyteorder("<")
