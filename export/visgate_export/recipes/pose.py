"""MoveNet Thunder, which finds the 17 COCO keypoints of one person."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.recipes.human_models import LICENCE, REFERENCE, HumanModel

if TYPE_CHECKING:
    import onnx

MODEL = HumanModel("movenet-thunder", input_name="input")
_KEYPOINTS_TENSOR = "Identity"


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `keypoints` [N,17,3]: y and x as fractions of the picture's sides, score 0-1."""
    from visgate_export.networks.movenet import build_movenet

    return build_movenet(MODEL.read(materials))


def check(network: Path, materials: Materials) -> ParityReport:
    """Against TF.js with the package's own decoding."""
    import numpy as np

    from visgate_export.networks.movenet import SIDE
    from visgate_export.parity import Inputs, Outputs, compare
    from visgate_export.recipes.picture_batches import square_batches

    def reference(inputs: Inputs) -> Outputs:
        rows = inputs["image"].astype(np.int32)
        return {"keypoints": MODEL.run(materials, rows, [_KEYPOINTS_TENSOR])[_KEYPOINTS_TENSOR][:, 0]}

    return compare(network, reference, REFERENCE, square_batches(SIDE), {"keypoints": 1e-3})


RECIPES = (
    NetworkRecipe(
        name="movenet",
        model="detect_pose",
        file_name="movenet.onnx",
        title="MoveNet Thunder, 256 pixels, one person",
        licence=LICENCE,
        members=MODEL.members,
        build=build,
        check=check,
    ),
)
