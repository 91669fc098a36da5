"""Two exports of one network give the same bytes, whatever traces their exporters left."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from visgate_export.canonical_form import canonical_bytes
from visgate_export.errors import ConversionError

from .sample_recipes import multiplying_model


def with_traces(model: onnx.ModelProto, words: str) -> onnx.ModelProto:
    model.producer_version = words
    model.doc_string = words
    model.graph.doc_string = words
    model.graph.name = words
    model.metadata_props.add(key="exported", value=words)
    model.graph.node[0].doc_string = words
    model.graph.node[0].metadata_props.add(key="stack_trace", value=words)
    model.graph.initializer[0].doc_string = words
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(len(words), np.float32), f"left over {words}"))
    return model


def test_traces_are_stripped_and_the_network_still_runs() -> None:
    here = canonical_bytes(with_traces(multiplying_model(3.0), "line 12 of /home/a"))
    there = canonical_bytes(with_traces(multiplying_model(3.0), "line 7 of /home/someone/else"))
    assert here == there
    assert b"/home" not in here
    (result,) = onnxruntime.InferenceSession(here).run(None, {"x": [[1.0, 2.0]]})
    assert result.tolist() == [[3.0, 6.0]]


def test_other_weights_give_other_bytes() -> None:
    assert canonical_bytes(multiplying_model(3.0)) != canonical_bytes(multiplying_model(3.5))


def test_metadata_that_the_server_reads_is_kept() -> None:
    model = with_traces(multiplying_model(3.0), "words")
    model.metadata_props.add(key="character", value="a\nb")
    session = onnxruntime.InferenceSession(canonical_bytes(model, frozenset({"character"})))
    assert session.get_modelmeta().custom_metadata_map == {"character": "a\nb"}


def test_metadata_to_keep_must_be_there() -> None:
    with pytest.raises(ConversionError, match="character"):
        canonical_bytes(multiplying_model(3.0), frozenset({"character"}))


def test_an_invalid_network_is_refused() -> None:
    model = multiplying_model(3.0)
    model.graph.node[0].input[0] = "nowhere"
    with pytest.raises(ConversionError, match="not valid ONNX"):
        canonical_bytes(model)
