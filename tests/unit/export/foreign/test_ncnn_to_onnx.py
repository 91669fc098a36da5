"""Each layer kind is compared with ncnn's own runtime, from the same files."""

from __future__ import annotations

import struct
from pathlib import Path

import ncnn
import numpy as np
import onnxruntime
import pytest

from visgate_export.errors import ConversionError, UnknownOperationError
from visgate_export.foreign.ncnn_reader import NcnnLayer, read_ncnn
from visgate_export.foreign.ncnn_to_onnx import convert_layers
from visgate_export.foreign.onnx_graph import OnnxGraph

RANDOM = np.random.default_rng(0)


def numbers(count: int) -> np.ndarray:
    return RANDOM.normal(size=count).astype(np.float32)


def kernel(count: int) -> bytes:
    return struct.pack("<I", 0) + numbers(count).tobytes()


LAYERS = {
    "convolution": ("Convolution c 1 1 in out 0=2 1=3 4=1 5=1 6=72", kernel(72) + numbers(2).tobytes()),
    "convolution without bias": ("Convolution c 1 1 in out 0=2 1=1 6=8", kernel(8)),
    "convolution, unequal sides": (
        "Convolution c 1 1 in out 0=2 1=3 11=2 2=1 12=2 3=2 13=1 4=2 14=1 15=0 16=3 5=1 6=48",
        kernel(48) + numbers(2).tobytes(),
    ),
    "prelu": ("PReLU p 1 1 in out 0=4", numbers(4).tobytes()),
    "pixel shuffle": ("Convolution c 1 1 in mid 0=8 1=1 6=32\nPixelShuffle s 1 1 mid out 0=2", kernel(32)),
    "nearest": ("Interp i 1 1 in out 0=1 1=3.0 2=2.0", b""),
    "split and add": ("Split s 1 2 in a b\nPReLU p 1 1 b c 0=4\nBinaryOp o 2 1 a c out", numbers(4).tobytes()),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_what_ncnn_computes(tmp_path: Path, name: str) -> None:
    text, weights = LAYERS[name]
    count = text.count("\n") + 2
    param, binary = tmp_path / "net.param", tmp_path / "net.bin"
    param.write_text(f"7767517\n{count} {count + 4}\nInput data 0 1 in\n{text}\n")
    binary.write_bytes(weights)

    graph = OnnxGraph("test")
    given = graph.add_input("x", ["N", 4, "H", "W"])
    (output,) = convert_layers(read_ncnn(param, binary), graph, {"in": given}, ["out"])
    graph.add_output(output, ["N", "C", "OH", "OW"])
    session = onnxruntime.InferenceSession(graph.to_model().SerializeToString(), providers=["CPUExecutionProvider"])

    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.load_param(str(param))
    net.load_model(str(binary))
    for height, width in ((5, 6), (8, 3)):
        rows = numbers(2 * 4 * height * width).reshape(2, 4, height, width)
        (built,) = session.run(None, {"x": rows})
        for row, result in zip(rows, built, strict=True):
            with net.create_extractor() as extractor:
                extractor.input("in", ncnn.Mat(np.ascontiguousarray(row)).clone())
                status, expected = extractor.extract("out")
                assert status == 0
                np.testing.assert_allclose(result, np.array(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "parameters", "named"),
    [
        ("Convolution", {0: 1, 1: 1, 9: 2}, "fused activation 2"),
        ("Convolution", {0: 1, 1: 1, 19: 1}, "dynamic weights 1"),
        ("Convolution", {0: 1, 1: 1, 4: -233}, "padding mode -233"),
        ("PixelShuffle", {0: 2, 1: 1}, "mode 1"),
        ("Interp", {0: 2, 1: 2.0, 2: 2.0}, "resize type 2"),
        ("Interp", {0: 1, 1: 1.5, 2: 2.0}, "whole factors"),
        ("Interp", {0: 1, 3: 20}, "fixed height 20"),
        ("BinaryOp", {0: 2}, "operation 2"),
        ("BinaryOp", {0: 0, 1: 1, 2: 0.5}, "scalar operand 1"),
        ("Deconvolution", {}, "layer kind Deconvolution"),
    ],
)
def test_an_unknown_kind_or_setting_is_named(kind: str, parameters: dict[int, float], named: str) -> None:
    weights = (np.zeros((1, 1, 1, 1), np.float32),) if kind == "Convolution" else ()
    layers = [
        NcnnLayer("Input", "data", (), ("in",), {}, ()),
        NcnnLayer(kind, "the_layer", ("in",), ("out",), parameters, weights),
    ]
    graph = OnnxGraph("test")
    with pytest.raises(UnknownOperationError, match=named) as caught:
        convert_layers(layers, graph, {"in": graph.add_input("x", ["N", 1, "H", "W"])}, ["out"])
    assert "the_layer" in str(caught.value)


def test_a_missing_input_or_output_is_named() -> None:
    layers = [NcnnLayer("Input", "data", (), ("in",), {}, ())]
    with pytest.raises(ConversionError, match="input 'in' that nothing is given for"):
        convert_layers(layers, OnnxGraph("test"), {}, ["in"])
    with pytest.raises(ConversionError, match="no blob 'nowhere'"):
        convert_layers(layers, OnnxGraph("test"), {"in": "x"}, ["nowhere"])
