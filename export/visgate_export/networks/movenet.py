"""Writes MoveNet's graph from its TF.js model: pictures to keypoints, for any batch.

Its feature maps are converted as they are. The choice of keypoints from them was made for one picture in the
package's graph, so it is written anew here for a batch, with the package's own constants. It is the decoding that
https://blog.tensorflow.org/2021/05/next-generation-pose-detection-with-movenet-and-tensorflowjs.html describes: take
the strongest person centre near the middle of the picture, regress rough keypoints from it, and pick for each the
strongest heatmap cell close to its rough place.
"""

import numpy as np
import onnx

from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.foreign.tfjs_conversion import FeatureMaps
from visgate_export.foreign.tfjs_reader import GraphModel
from visgate_export.foreign.tfjs_to_onnx import convert_feature_maps
from visgate_export.parity import Array
from visgate_export.preprocessing import Layout, PictureInput, with_picture_input

SIDE = 256
"""Rows and columns of the picture, pixels."""
KEYPOINTS = 17
_GRID = 64  # cells along each side of the feature maps
_SCOPE = "StatefulPartitionedCall"


def build_movenet(model: GraphModel) -> onnx.ModelProto:
    """`image` -> `keypoints` [N,17,3]: y and x as fractions of the picture's sides, score 0-1."""
    graph = OnnxGraph("movenet")
    pictures = FeatureMaps(graph.add_input("pictures", ["N", 3, SIDE, SIDE]), 3, SIDE, SIDE)
    heatmaps, centre, rough_offsets, fine_offsets = convert_feature_maps(
        model,
        graph,
        {f"{_SCOPE}/sub_1": pictures},
        [
            f"{_SCOPE}/Sigmoid",
            f"{_SCOPE}/Sigmoid_1",
            f"{_SCOPE}/kpt_regress_0/conv2d_6/BiasAdd",
            f"{_SCOPE}/kpt_offset_0/conv2d_7/BiasAdd",
        ],
    )
    _KeypointDecoding(graph, model).write(heatmaps.name, centre.name, rough_offsets.name, fine_offsets.name)
    graph.add_output("keypoints", ["N", KEYPOINTS, 3])
    scale = float(_constant(model, f"{_SCOPE}/truediv_1").flat[0])
    offset = -float(_constant(model, f"{_SCOPE}/sub_1"))
    return with_picture_input(graph.to_model(), PictureInput(SIDE, SIDE, Layout.NCHW, scale=scale, offset=offset))


def _constant(model: GraphModel, node: str) -> Array:
    """The constant operand of an elementwise node."""
    (name,) = (name for name in model.nodes[node].inputs if name in model.constants)
    return model.constants[name]


class _KeypointDecoding:
    """Nodes that turn feature maps into keypoints; every tensor keeps the batch axis first."""

    def __init__(self, graph: OnnxGraph, model: GraphModel) -> None:
        self._graph = graph
        self._model = model

    def write(self, heatmaps: str, centre: str, rough_offsets: str, fine_offsets: str) -> None:
        """Writes the node `keypoints`, [N,17,3].

        Args:
            heatmaps: [N,17,64,64], how likely each keypoint lies in each cell.
            centre: [N,1,64,64], how likely a person's centre lies in each cell.
            rough_offsets: [N,34,64,64], from a centre to each keypoint: y and x in turn, in cells.
            fine_offsets: [N,34,64,64], from a cell to the keypoint in it: y and x in turn, in cells.
        """
        graph = self._graph
        rough = self._rough_keypoints(centre, rough_offsets)
        nearby = graph.node("Div", [heatmaps, self._distances(rough)], "nearby_heatmaps")
        cells = graph.node(
            "ArgMax", [self._reshape(nearby, "nearby_cells", 0, 0, -1)], "keypoint_cells", axis=2, keepdims=1
        )
        scores = graph.node(
            "GatherElements", [self._reshape(heatmaps, "heatmap_cells", 0, 0, -1), cells], "scores", axis=2
        )
        fine = self._reshape(fine_offsets, "fine_offset_cells", 0, KEYPOINTS, 2, -1)
        shape = graph.constant("one_cell_of_each", np.array([1, 1, 2, 1]))
        index = graph.node(
            "Expand", [self._reshape(cells, "keypoint_cells_4d", 0, 0, 1, 1), shape], "keypoint_cells_of_axes"
        )
        fine = self._reshape(
            graph.node("GatherElements", [fine, index], "fine_offset_at_keypoint", axis=3), "fine_offset", 0, 0, 2
        )
        places = graph.node("Add", [self._row_and_column(cells, "keypoint", axis=2), fine], "keypoint_places")
        cell_size = _constant(self._model, f"{_SCOPE}/mul_2").reshape(2)
        scaled = graph.node("Mul", [places, graph.constant("cell_size", cell_size)], "keypoint_places_0_to_1")
        graph.node("Concat", [scaled, scores], "keypoints", axis=2)

    def _rough_keypoints(self, centre: str, rough_offsets: str) -> str:
        """[N,17,2], y and x in cells, counted from the strongest centre."""
        graph = self._graph
        # The package stores 1 / (distance from the middle of the picture + a constant), [64,64,1].
        weights = _constant(self._model, f"{_SCOPE}/truediv_2").reshape(1, 1, _GRID, _GRID)
        weighted = graph.node("Mul", [centre, graph.constant("middle_weights", weights)], "weighted_centre")
        cell = graph.node("ArgMax", [self._reshape(weighted, "centre_cells", 0, -1)], "centre_cell", axis=1, keepdims=1)
        shape = graph.constant("one_cell_of_each_offset", np.array([1, 2 * KEYPOINTS, 1]))
        index = graph.node(
            "Expand", [self._reshape(cell, "centre_cell_3d", 0, 1, 1), shape], "centre_cell_of_each_offset"
        )
        offsets = graph.node(
            "GatherElements",
            [self._reshape(rough_offsets, "rough_offset_cells", 0, 0, -1), index],
            "rough_offset_at_centre",
            axis=2,
        )
        place = self._reshape(self._row_and_column(cell, "centre", axis=1), "centre_place", 0, 1, 2)
        return graph.node("Add", [place, self._reshape(offsets, "rough_offset", 0, KEYPOINTS, 2)], "rough_keypoints")

    def _distances(self, rough: str) -> str:
        """[N,17,64,64], from each cell to each rough keypoint in cells, plus the package's constant."""
        graph = self._graph
        halves = graph.constant("halves", np.array([1, 1]))
        y, x = graph.node_with_outputs("Split", [rough, halves], ["rough_y", "rough_x"], axis=2)
        along = np.arange(_GRID, dtype=np.float32)
        rows = graph.constant("rows", along.reshape(1, 1, _GRID, 1))
        columns = graph.constant("columns", along.reshape(1, 1, 1, _GRID))
        squares = []
        for name, cells, place in (("y", rows, y), ("x", columns, x)):
            difference = graph.node("Sub", [cells, self._reshape(place, f"rough_{name}_4d", 0, 0, 1, 1)], f"d{name}")
            squares.append(graph.node("Mul", [difference, difference], f"d{name}_squared"))
        distance = graph.node("Sqrt", [graph.node("Add", squares, "distance_squared")], "distance")
        constant = graph.constant("distance_constant", _constant(self._model, f"{_SCOPE}/add_5"))
        return graph.node("Add", [distance, constant], "distance_weights")

    def _row_and_column(self, cell: str, name: str, axis: int) -> str:
        """Row and column, float, of a cell's number along `axis`, which has length 1 and gets length 2."""
        graph = self._graph
        grid = graph.constant("grid", _GRID)
        row = graph.node("Div", [cell, grid], f"{name}_row")
        column = graph.node("Mod", [cell, grid], f"{name}_column")
        both = graph.node("Concat", [row, column], f"{name}_row_and_column", axis=axis)
        return graph.node("Cast", [both], f"{name}_row_and_column_float", to=onnx.TensorProto.FLOAT)

    def _reshape(self, tensor: str, output: str, *shape: int) -> str:
        name = "shape_" + "_".join(str(length) for length in shape)
        return self._graph.node("Reshape", [tensor, self._graph.constant(name, np.array(shape))], output)
