"""Writes the arithmetic of a denoising step as four ONNX graphs, for engines whose latents stay on a device.

What each takes and gives is `visgate_server.diffusion.device_tensors.StepGraphs`; the formula is the one in
`visgate_server.diffusion.schedulers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from visgate_export.graph_surgery import IR_VERSION, OPSET
from visgate_server.diffusion.guidance import MOST_ROWS_A_REQUEST
from visgate_server.diffusion.schedulers.step_table import COLUMNS

Shapes = Mapping[str, Sequence[str | int]]
LATENTS: Sequence[str | int] = ("n", "c", "h", "w")
ROWS: Sequence[str | int] = ("rows", "c", "h", "w")
STEPS: Sequence[str | int] = ("n", len(COLUMNS))
INTEGERS = frozenset({"owners", "rows"})


def model_input() -> onnx.ModelProto:
    """Scales every request's latents as its scheduler asks, and repeats them for its rows."""
    return _model(
        [
            *_column("input_scale"),
            _node("Mul", "input_scale", "latents", "scaled"),
            _gather("scaled", "owners", "sample"),
        ],
        {"latents": LATENTS, "steps": STEPS, "owners": ("rows",)},
        ("sample",),
    )


def join_channels() -> onnx.ModelProto:
    """Puts further channels (a mask, a second picture) behind the latents."""
    return _model(
        [helper.make_node("Concat", ["sample", "channels"], ["joined"], axis=1)],
        {"sample": ROWS, "channels": ("rows", "e", "h", "w")},
        ("joined",),
    )


def scatter_rows() -> onnx.ModelProto:
    """Puts a ControlNet's residuals, scaled, into the rows that they belong to."""
    return _model(
        [
            _node("Mul", "values", "scales", "scaled"),
            helper.make_node("ScatterND", ["target", "rows", "scaled"], ["scattered"]),
        ],
        {"target": ROWS, "rows": ("m", 1), "values": ("m", "c", "h", "w"), "scales": ("m", 1, 1, 1)},
        ("scattered",),
    )


def advance() -> onnx.ModelProto:
    """Applies guidance and the schedulers' formula to every request."""
    return _model(
        [*_guided_noise(), *_next_latents()],
        {
            "latents": LATENTS,
            "previous_x0": LATENTS,
            "fresh_noise": LATENTS,
            "steps": STEPS,
            "predicted": ROWS,
            "rows": ("n", MOST_ROWS_A_REQUEST),
            "weights": ("n", MOST_ROWS_A_REQUEST),
        },
        ("next_latents", "x0"),
    )


STEP_GRAPHS: Mapping[str, Callable[[], onnx.ModelProto]] = MappingProxyType(
    {graph.__name__: graph for graph in (model_input, join_channels, scatter_rows, advance)}
)
"""What builds each graph, by its name in `StepGraphs`."""


def _guided_noise() -> list[NodeProto]:
    """Noise = Σ over a request's rows of weight · predicted."""
    nodes: list[NodeProto] = []
    for place in range(MOST_ROWS_A_REQUEST):
        nodes += [
            _constant(f"place_{place}", np.int64(place)),
            helper.make_node("Gather", ["rows", f"place_{place}"], [f"row_{place}"], axis=1),
            _gather("predicted", f"row_{place}", f"predicted_{place}"),
            *_numbers("weights", place, f"weight_{place}"),
            _node("Mul", f"weight_{place}", f"predicted_{place}", f"weighted_{place}"),
        ]
    weighted = [f"weighted_{place}" for place in range(MOST_ROWS_A_REQUEST)]
    return [*nodes, helper.make_node("Sum", weighted, ["noise"])]


def _next_latents() -> list[NodeProto]:
    terms = {
        "x0_from_latents": "latents",
        "x0_from_noise": "noise",
        "next_from_latents": "latents",
        "next_from_x0": "x0",
        "next_from_previous_x0": "previous_x0",
        "next_from_fresh_noise": "fresh_noise",
    }
    nodes: list[NodeProto] = []
    for column, factor in terms.items():
        if column == "next_from_x0":
            nodes.append(_node("Add", "x0_from_latents_term", "x0_from_noise_term", "x0"))
        nodes += [*_column(column), _node("Mul", column, factor, f"{column}_term")]
    following = [f"{column}_term" for column in terms if column.startswith("next")]
    return [*nodes, helper.make_node("Sum", following, ["next_latents"])]


def _column(name: str) -> list[NodeProto]:
    """A coefficient of every request, [n, 1, 1, 1]."""
    return _numbers("steps", COLUMNS.index(name), name)


def _numbers(table: str, column: int, output: str) -> list[NodeProto]:
    return [
        _constant(f"{output}_column", np.array([[[column]]], np.int64)),
        helper.make_node("Gather", [table, f"{output}_column"], [output], axis=1),
    ]


def _gather(values: str, places: str, output: str) -> NodeProto:
    return helper.make_node("Gather", [values, places], [output], axis=0)


def _node(operation: str, first: str, second: str, output: str) -> NodeProto:
    return helper.make_node(operation, [first, second], [output])


def _constant(name: str, value: NDArray[np.int64] | np.int64) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value), name))


def _model(nodes: Sequence[NodeProto], inputs: Shapes, outputs: Sequence[str]) -> onnx.ModelProto:
    def kind(name: str) -> int:
        return int(TensorProto.INT64 if name in INTEGERS else TensorProto.FLOAT)

    graph = helper.make_graph(
        nodes,
        "step",
        [helper.make_tensor_value_info(name, kind(name), shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", "c", "h", "w")) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model
