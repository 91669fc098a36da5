from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from visgate_export.errors import ConversionError, MissingToolError
from visgate_export.foreign.tfjs_runtime import TfjsLibrary, TfjsModel, run_rows

from .graph_models import write_graph_model

# Stands for TF.js's library where what is tested is the exchange with it: a "model" that adds 1 to each row.
LIBRARY = """
exports.env = () => ({ set() {} });
exports.setBackend = async () => true;
exports.tensor = (values, shape, dtype) => ({ values, shape, dtype });
exports.dispose = () => {};
exports.loadGraphModel = async (source) => {
  const artifacts = await source.load();
  const offset = new Float32Array(artifacts.weightData.slice(16))[0];
  return {
    execute(inputs, names) {
      const { values, shape, dtype } = inputs.picture;
      if (shape[0] !== 1) throw new Error("a batch of " + shape[0]);
      return names.map((name) => ({
        shape: [1, 2],
        dataSync: () => Float32Array.from([values[0] + offset, dtype === "int32" ? 32 : values.length]),
      }));
    },
  };
};
"""


@pytest.fixture
def library(tmp_path: Path) -> TfjsLibrary:
    core, backend = tmp_path / "tf.js", tmp_path / "wasm.js"
    core.write_text(LIBRARY)
    # As the real one does, it takes the core by its package name and wants to be told where its binary lies.
    backend.write_text('require("@tensorflow/tfjs-core").env(); exports.setWasmPaths = (folder) => {};')
    return TfjsLibrary(core, backend, tmp_path / "simd.wasm")


@pytest.fixture
def model(tmp_path: Path) -> TfjsModel:
    topology, shard = write_graph_model(tmp_path)
    return TfjsModel(topology, (shard,))


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@needs_node
def test_rows_go_in_one_by_one_and_come_back_in_order(library: TfjsLibrary, model: TfjsModel) -> None:
    rows = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    outputs = run_rows(library, model, "picture", rows, ["a", "b"])
    expected = np.array([[0.1, 4], [4.1, 4], [8.1, 4]], np.float32)  # 0.1 is the last weight in the shard
    np.testing.assert_allclose(outputs["a"], expected)
    np.testing.assert_allclose(outputs["b"], expected)


@needs_node
def test_integers_stay_integers(library: TfjsLibrary, model: TfjsModel) -> None:
    outputs = run_rows(library, model, "picture", np.array([[5], [-6]], np.int32), ["a"])
    np.testing.assert_allclose(outputs["a"], [[5.1, 32], [-5.9, 32]], rtol=1e-6)


@needs_node
def test_what_tfjs_says_reaches_the_caller(library: TfjsLibrary, model: TfjsModel) -> None:
    library.library.write_text(
        LIBRARY.replace("const { values", "throw new Error('no kernel for Cumsum'); const { values")
    )
    with pytest.raises(ConversionError, match="no kernel for Cumsum"):
        run_rows(library, model, "picture", np.zeros((1, 1), np.float32), ["a"])


def test_a_missing_node_is_named(library: TfjsLibrary, model: TfjsModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match=r"node is not installed"):
        run_rows(library, model, "picture", np.zeros((1, 1), np.float32), ["a"])
