"""The selfie segmentation network, which tells a person's pixels from the background."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.recipes.human_models import LICENCE, REFERENCE, HumanModel

if TYPE_CHECKING:
    import onnx

MODEL = HumanModel("selfie", input_name="input_1")
SIDE = 256
"""Rows and columns of the picture, pixels."""
_MASK_TENSOR = "activation_10"


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `mask` [N,256,256], 0-1."""
    import numpy as np

    from visgate_export.foreign.onnx_graph import OnnxGraph
    from visgate_export.foreign.tfjs_conversion import FeatureMaps
    from visgate_export.foreign.tfjs_to_onnx import convert_feature_maps
    from visgate_export.preprocessing import Layout, PictureInput, with_picture_input

    graph = OnnxGraph("selfie")
    pictures = FeatureMaps(graph.add_input("pictures", ["N", 3, SIDE, SIDE]), 3, SIDE, SIDE)
    (mask,) = convert_feature_maps(MODEL.read(materials), graph, {MODEL.input_name: pictures}, [_MASK_TENSOR])
    graph.node("Squeeze", [mask.name, graph.constant("channel_axis", np.array([1]))], "mask")
    graph.add_output("mask", ["N", SIDE, SIDE])
    return with_picture_input(graph.to_model(), PictureInput(SIDE, SIDE, Layout.NCHW, scale=1 / 255))


def check(network: Path, materials: Materials) -> ParityReport:
    """Against TF.js, whose own backends (WebAssembly and JavaScript) differ by 2e-4 on this network."""
    import numpy as np

    from visgate_export.parity import Inputs, Outputs, compare
    from visgate_export.recipes.picture_batches import square_batches

    def reference(inputs: Inputs) -> Outputs:
        rows = inputs["image"].astype(np.float32) / np.float32(255)
        return {"mask": MODEL.run(materials, rows, [_MASK_TENSOR])[_MASK_TENSOR][..., 0]}

    return compare(network, reference, REFERENCE, square_batches(SIDE), {"mask": 1e-3})


RECIPES = (
    NetworkRecipe(
        name="selfie",
        model="person_mask",
        file_name="selfie.onnx",
        title="MediaPipe selfie segmentation, 256 pixels",
        licence=LICENCE,
        members=MODEL.members,
        build=build,
        check=check,
    ),
)
