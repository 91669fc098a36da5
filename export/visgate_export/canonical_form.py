"""Serialises an ONNX model to the same bytes in every run; changes nothing that is computed.

Exporters leave traces of their run in a file (file names and line numbers of the Python that built it, their own
version, notes on nodes). Hashes of networks are pinned, so all of that goes.
"""

import onnx

from visgate_export.errors import ConversionError

PRODUCER = "visgate_export"


def canonical_bytes(model: onnx.ModelProto, keep_metadata: frozenset[str] = frozenset()) -> bytes:
    """The bytes of `model` without traces of how it was made, checked against the ONNX specification.

    Args:
        model: any model below 2 GB, weights inside.
        keep_metadata: model-level metadata keys to keep, in sorted order.

    Raises:
        ConversionError: the model is not valid ONNX, or a key to keep is not there.
    """
    clean = onnx.ModelProto()
    clean.CopyFrom(model)
    clean.producer_name = PRODUCER
    for trace in ("producer_version", "doc_string", "domain", "model_version"):
        clean.ClearField(trace)
    _keep_metadata(clean, keep_metadata)
    for function in clean.functions:
        raise ConversionError(f"function {function.name!r} is left in the graph: export it inlined")
    _strip_graph(clean.graph)
    _drop_unused_constants(clean.graph)
    try:
        onnx.checker.check_model(clean, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ConversionError(f"the built network is not valid ONNX: {error}; mend the recipe's build") from error
    # Without `deterministic` protobuf may order map entries as it likes.
    return bytes(clean.SerializeToString(deterministic=True))


def _keep_metadata(model: onnx.ModelProto, keys: frozenset[str]) -> None:
    values = {entry.key: entry.value for entry in model.metadata_props}
    missing = keys - values.keys()
    if missing:
        raise ConversionError(f"metadata to keep is not in the network: {', '.join(sorted(missing))}")
    del model.metadata_props[:]
    for key in sorted(keys):
        model.metadata_props.add(key=key, value=values[key])


def _strip_graph(graph: onnx.GraphProto) -> None:
    graph.name = PRODUCER
    graph.ClearField("doc_string")
    del graph.metadata_props[:]
    del graph.value_info[:]  # derived from the rest, and exporters differ in how much they note down
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.ClearField("doc_string")
        del value.metadata_props[:]
    for node in graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
            for subgraph in _subgraphs(attribute):
                _strip_graph(subgraph)


def _drop_unused_constants(graph: onnx.GraphProto) -> None:
    """Removes initializers that surgery has left behind, over which ONNX Runtime warns."""
    used = _read_names(graph)
    kept = [initializer for initializer in graph.initializer if initializer.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _read_names(graph: onnx.GraphProto) -> set[str]:
    names = {output.name for output in graph.output}
    for node in graph.node:
        names.update(node.input)
        for attribute in node.attribute:
            for subgraph in _subgraphs(attribute):
                names |= _read_names(subgraph)
    return names


def _subgraphs(attribute: onnx.AttributeProto) -> tuple[onnx.GraphProto, ...]:
    own = (attribute.g,) if attribute.HasField("g") else ()
    return (*own, *attribute.graphs)
