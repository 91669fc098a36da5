from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from visgate_export.errors import UnknownOperationError, WeightFormatError
from visgate_export.foreign.ncnn_reader import read_ncnn

PARAM = """7767517
3 3
Input   data   0 1 in
Convolution conv 1 1 in mid 0=2 1=1 11=3 5=1 6=18 4=0
PReLU  slopes 1 1 mid out 0=2
"""
KERNEL = np.arange(18, dtype=np.float16) / 8
BIAS = np.array([0.5, -0.1], np.float32)
SLOPES = np.array([0.25, 0.75], np.float32)
BIN = struct.pack("<I", 0x01306B47) + KERNEL.tobytes() + BIAS.tobytes() + SLOPES.tobytes()


def write(folder: Path, param: str = PARAM, weights: bytes = BIN) -> tuple[Path, Path]:
    files = folder / "net.param", folder / "net.bin"
    files[0].write_text(param)
    files[1].write_bytes(weights)
    return files


def test_layers_and_half_precision_weights(tmp_path: Path) -> None:
    data, convolution, slopes = read_ncnn(*write(tmp_path))
    assert (data.kind, data.inputs, data.outputs) == ("Input", (), ("in",))
    assert (convolution.name, convolution.inputs, convolution.outputs) == ("conv", ("in",), ("mid",))
    assert convolution.integer(6, 0) == 18
    assert convolution.integer(3, 1) == 1  # absent: its default
    kernel, bias = convolution.weights
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, KERNEL.astype(np.float32).reshape(2, 3, 3, 1))  # out, in, height, width
    np.testing.assert_array_equal(bias, BIAS)
    np.testing.assert_array_equal(slopes.weights[0], SLOPES)


def test_single_precision_weights(tmp_path: Path) -> None:
    weights = struct.pack("<I", 0) + KERNEL.astype(np.float32).tobytes() + BIAS.tobytes() + SLOPES.tobytes()
    _, convolution, _ = read_ncnn(*write(tmp_path, weights=weights))
    np.testing.assert_array_equal(convolution.weights[0].ravel(), KERNEL.astype(np.float32))


def test_an_odd_number_of_halves_is_padded_to_four_bytes(tmp_path: Path) -> None:
    param = "7767517\n2 2\nInput data 0 1 in\nConvolution conv 1 1 in out 0=1 1=1 6=3 5=1\n"
    halves = np.array([1, 2, 3], np.float16).tobytes()
    weights = struct.pack("<I", 0x01306B47) + halves + b"\0\0" + np.array([9], np.float32).tobytes()
    _, convolution = read_ncnn(*write(tmp_path, param, weights))
    np.testing.assert_array_equal(convolution.weights[0].ravel(), [1, 2, 3])
    np.testing.assert_array_equal(convolution.weights[1], [9])


@pytest.mark.parametrize(("cut", "named"), [(1, "slopes"), (9, "conv"), (20, "conv"), (len(BIN) - 2, "conv")])
def test_cut_off_weights_name_the_layer(tmp_path: Path, cut: int, named: str) -> None:
    with pytest.raises(WeightFormatError, match=f"in the middle of the weights of '{named}'"):
        read_ncnn(*write(tmp_path, weights=BIN[:-cut]))


def test_weights_left_over_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightFormatError, match="do not belong together"):
        read_ncnn(*write(tmp_path, weights=BIN + b"\0\0\0\0"))


def test_an_unknown_way_of_storing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightFormatError, match="0x000d4b38"):
        read_ncnn(*write(tmp_path, weights=struct.pack("<I", 0x000D4B38) + BIN[4:]))


def test_an_unknown_layer_kind_is_named(tmp_path: Path) -> None:
    param = PARAM.replace("PReLU  slopes", "Deconvolution slopes")
    with pytest.raises(UnknownOperationError, match=r"Deconvolution .*'slopes'"):
        read_ncnn(*write(tmp_path, param))


def test_settings_that_change_the_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownOperationError, match=r"'conv' has 8-bit weights"):
        read_ncnn(*write(tmp_path, PARAM.replace("4=0", "8=2")))
    with pytest.raises(UnknownOperationError, match=r"-23310=2"):
        read_ncnn(*write(tmp_path, PARAM.replace("4=0", "-23310=2,0.1,0.2")))


def test_a_kernel_that_its_weights_do_not_fit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightFormatError, match="'conv' has 17 weights"):
        read_ncnn(*write(tmp_path, PARAM.replace("6=18", "6=17")))


@pytest.mark.parametrize(
    ("param", "named"),
    [
        ("", "does not begin with 7767517"),
        ("\x7fELF\n", "does not begin with 7767517"),
        ("7767517\n", "not laid out"),
        ("7767517\n3 3\nInput data 0 1 in\n", "announces 3 layers and has 1"),
        ("7767517\n1 1\nInput data 0 1\n", "lacks the names"),
        ("7767517\n1 1\nInput data zero 1 in\n", "not laid out"),
    ],
)
def test_a_file_that_is_no_whole_param_file(tmp_path: Path, param: str, named: str) -> None:
    with pytest.raises(WeightFormatError, match=named):
        read_ncnn(*write(tmp_path, param))
