"""The M-LSD line detector: frees its batch axis and puts the alpha channel that it wants inside the graph."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.sources import NpmSource

if TYPE_CHECKING:
    import onnx

PACKAGE = NpmSource(
    "jp.keijiro.mlsd",
    "1.0.0",
    sha256="700e384ed337273202138ecad4a540b4b4f224b6aae92e85696c7c1a405b0bc8",
    size=16_076_804,
)
NETWORK = PACKAGE.member("ONNX/mlsd_512x512_large.onnx")

SIDE = 512
"""Rows and columns of the picture, pixels."""
_MAP_SIDE = SIDE // 2
_ALPHA = 1.0
"""What the network was trained with; this file's weights for the channel are zero, so any value would do."""


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `offsets` [N,256,256,4] (dx1, dy1, dx2, dy2) and `scores` [N,256,256,1]."""
    from visgate_export.graph_surgery import free_batch_axis_of_reshapes, load_without_shapes, set_output
    from visgate_export.preprocessing import Layout, PictureInput, with_picture_input

    model = load_without_shapes(materials.path(NETWORK).read_bytes())
    free_batch_axis_of_reshapes(model)
    set_output(model, "offsets", "offsets", ["N", _MAP_SIDE, _MAP_SIDE, 4])
    set_output(model, "scores", "scores", ["N", _MAP_SIDE, _MAP_SIDE, 1])
    return with_picture_input(model, PictureInput(SIDE, SIDE, Layout.NHWC, alpha=_ALPHA))


def check(network: Path, materials: Materials) -> ParityReport:
    """Against the package's own file, one row at a time as it was made for."""
    import numpy as np

    from visgate_export.parity import PACKAGES_OWN_FILE, Array, Inputs, Outputs, compare, open_session, row_by_row
    from visgate_export.recipes.picture_batches import square_batches

    original = open_session(materials.path(NETWORK))

    def reference(inputs: Inputs) -> Outputs:
        rgb = inputs["image"].astype(np.float32)
        rgba: Array = np.concatenate([rgb, np.full_like(rgb[..., :1], _ALPHA)], axis=-1)
        offsets, scores = original.run(["offsets", "scores"], {"input_image_with_alpha:0": rgba})
        return {"offsets": offsets, "scores": scores}

    return compare(
        network,
        row_by_row(reference),
        PACKAGES_OWN_FILE,
        square_batches(SIDE),
        {"offsets": 1e-3, "scores": 1e-3},
    )


RECIPES = (
    NetworkRecipe(
        name="mlsd",
        model="detect_lines",
        file_name="mlsd.onnx",
        title="M-LSD large, straight lines at 512 pixels",
        licence="Apache-2.0",
        members=(NETWORK,),
        build=build,
        check=check,
    ),
)
