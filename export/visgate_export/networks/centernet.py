"""Writes CenterNet's graph from its TF.js model: pictures to the hundred best boxes, for any batch.

Its feature maps are converted as they are. The package's graph picks peaks from them for one picture, so that is
written anew here for a batch: a peak is a cell whose score is the largest of its 3 x 3 neighbourhood (Objects as
Points, https://arxiv.org/abs/1904.07850, section 4); the 100 best peaks of all kinds become boxes.
"""

import numpy as np
import onnx

from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.foreign.tfjs_conversion import FeatureMaps
from visgate_export.foreign.tfjs_reader import GraphModel
from visgate_export.foreign.tfjs_to_onnx import convert_feature_maps
from visgate_export.preprocessing import Layout, PictureInput, with_picture_input

SIDE = 512
"""Rows and columns of the picture, pixels."""
DETECTIONS = 100
_GRID = 128  # cells along each side of the feature maps
_CELL_PIXELS = SIDE // _GRID


def build_centernet(model: GraphModel) -> onnx.ModelProto:
    """`image` -> `detections` [N,100,6]: x1, y1, x2, y2 in pixels, score 0-1, kind; best first."""
    graph = OnnxGraph("centernet")
    pictures = FeatureMaps(graph.add_input("pictures", ["N", 3, SIDE, SIDE]), 3, SIDE, SIDE)
    scores, sides = convert_feature_maps(
        model, graph, {"tower_0/images": pictures}, ["tower_0/keypoints", "tower_0/wh"]
    )
    _write_detections(graph, scores.name, sides.name)
    graph.add_output("detections", ["N", DETECTIONS, 6])
    return with_picture_input(graph.to_model(), PictureInput(SIDE, SIDE, Layout.NCHW))


def _write_detections(graph: OnnxGraph, scores: str, sides: str) -> None:
    """Writes the node `detections`, [N,100,6]: x1, y1, x2, y2 in pixels, score, kind; best first.

    Args:
        graph: where to write.
        scores: [N,80,128,128], how likely an object of each kind has its centre in each cell.
        sides: [N,4,128,128], pixels from a cell's corner to the left, top, right and bottom side of its object.
    """
    largest = graph.node(
        "MaxPool", [scores], "neighbourhood_maximum", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]
    )
    is_peak = graph.node("Equal", [scores, largest], "is_peak")
    # A product is faster here than a selection, which ONNX Runtime does one number at a time.
    is_peak = graph.node("Cast", [is_peak], "is_peak_float", to=onnx.TensorProto.FLOAT)
    peaks = graph.node("Mul", [scores, is_peak], "peaks")
    flat = graph.node("Reshape", [peaks, graph.constant("flat", np.array([0, -1]))], "peaks_flat")
    count = graph.constant("count", np.array([DETECTIONS]))
    best, number = graph.node_with_outputs("TopK", [flat, count], ["best_scores", "best_numbers"], axis=1)

    cells = graph.constant("cells_of_a_kind", _GRID * _GRID)
    grid = graph.constant("grid", _GRID)
    kind = graph.node("Div", [number, cells], "kind")
    cell = graph.node("Mod", [number, cells], "cell")
    row, column = graph.node("Div", [cell, grid], "row"), graph.node("Mod", [cell, grid], "column")

    last = graph.constant("last_axis", np.array([2]))
    place = graph.node("Concat", [_column_of(graph, name, last) for name in (column, row)], "place", axis=2)
    place = graph.node("Cast", [place], "place_float", to=onnx.TensorProto.FLOAT)
    corner = graph.node("Mul", [place, graph.constant("cell_pixels", float(_CELL_PIXELS))], "corner")

    side_cells = graph.node("Reshape", [sides, graph.constant("cells_flat", np.array([0, 0, -1]))], "sides_flat")
    side_rows = graph.node("Transpose", [side_cells], "side_rows", perm=[0, 2, 1])
    index = graph.node(
        "Expand", [_column_of(graph, cell, last), graph.constant("four_sides", np.array([1, 1, 4]))], "cell_of_sides"
    )
    own_sides = graph.node("GatherElements", [side_rows, index], "own_sides", axis=1)
    halves = graph.constant("halves", np.array([2, 2]))
    before, after = graph.node_with_outputs("Split", [own_sides, halves], ["before", "after"], axis=2)
    graph.node(
        "Concat",
        [
            graph.node("Sub", [corner, before], "upper_left"),
            graph.node("Add", [corner, after], "lower_right"),
            _column_of(graph, best, last),
            graph.node("Cast", [_column_of(graph, kind, last)], "kind_float", to=onnx.TensorProto.FLOAT),
        ],
        "detections",
        axis=2,
    )


def _column_of(graph: OnnxGraph, tensor: str, axis: str) -> str:
    return graph.node("Unsqueeze", [tensor, axis], f"{tensor}_column")
