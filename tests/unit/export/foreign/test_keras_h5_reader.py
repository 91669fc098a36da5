from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from visgate_export.errors import WeightFormatError
from visgate_export.foreign.keras_h5_reader import read_keras_weights

KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
BIAS = np.array([1, 2], np.float32)


def write(path: Path, **datasets: np.ndarray) -> Path:
    """Dots in the names stand for slashes."""
    with h5py.File(path, "w") as file:
        file.create_group("block/layers/max_pooling2d/vars")  # a layer without weights
        for name, value in datasets.items():
            file[name.replace(".", "/")] = value
    return path


def whole(path: Path) -> Path:
    return write(path, **{"block.layers.conv2d.vars.0": KERNEL, "block.layers.conv2d.vars.1": BIAS, "out.vars.0": BIAS})


def test_a_convolution_is_found_at_its_place(tmp_path: Path) -> None:
    weights = read_keras_weights(whole(tmp_path / "w.h5"))
    assert set(weights.layers) == {"block/layers/conv2d", "out"}
    kernel, bias = weights.convolution("block/layers/conv2d")
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, BIAS)


def test_a_layer_that_is_not_there_is_named_beside_those_that_are(tmp_path: Path) -> None:
    weights = read_keras_weights(whole(tmp_path / "w.h5"))
    with pytest.raises(WeightFormatError, match=r"'fuse'; it has block/layers/conv2d, out"):
        weights.convolution("fuse")


def test_a_layer_that_is_no_convolution_is_refused(tmp_path: Path) -> None:
    weights = read_keras_weights(whole(tmp_path / "w.h5"))
    with pytest.raises(WeightFormatError, match=r"'out'.*\[\(2,\)\]"):
        weights.convolution("out")
    swapped = write(tmp_path / "swapped.h5", **{"a.vars.0": BIAS, "a.vars.1": KERNEL})
    with pytest.raises(WeightFormatError, match="not the kernel and bias"):
        read_keras_weights(swapped).convolution("a")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_off_file_is_an_error(tmp_path: Path, share: float) -> None:
    path = whole(tmp_path / "w.h5")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(WeightFormatError, match=r"w\.h5 is no whole HDF5 file"):
        read_keras_weights(path)


def test_a_file_of_another_kind_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "w.h5").write_text("not found")
    with pytest.raises(WeightFormatError, match="no whole HDF5 file"):
        read_keras_weights(tmp_path / "w.h5")


def test_a_file_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightFormatError, match="holds no weights"):
        read_keras_weights(write(tmp_path / "w.h5"))


@pytest.mark.parametrize(
    ("datasets", "named"),
    [
        ({"a.vars.0": KERNEL, "a.vars.2": BIAS}, "some are missing"),
        ({"a.kernel": KERNEL}, "'a/kernel', which is not where"),
        ({"a.vars.0": KERNEL.astype(np.float64)}, "float64"),
    ],
)
def test_another_layout_is_refused(tmp_path: Path, datasets: dict[str, np.ndarray], named: str) -> None:
    with pytest.raises(WeightFormatError, match=named):
        read_keras_weights(write(tmp_path / "w.h5", **datasets))
