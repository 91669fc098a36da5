"""Asks the server's own tools for control pictures, in this process and with their exported networks."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from visgate_server.tool_model import ModelCall, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import ToolSpec

REPOSITORY = Path(__file__).parents[4] / "model_repository"

UInt8Array = npt.NDArray[np.uint8]


def served_picture(
    model_class: type[ToolModel[Any]], tool: ToolSpec, picture: UInt8Array, **arguments: float
) -> UInt8Array:
    """The one picture that a tool returns.

    Args:
        model_class: the model that offers the tool.
        tool: whose defaults hold for what is not given.
        picture: [height, width, 3] RGB 0–255.
        **arguments: of the tool, beside the picture.

    Returns:
        [height, width, 3] RGB 0–255; a grey answer three times.

    Raises:
        NetworkError: the model's network has not been exported.
    """
    model = _opened(model_class)
    defaults = {argument.name: argument.default for argument in tool.arguments}
    request = ToolRequest({**defaults, **tool.constants, **arguments, "image": picture})
    prepared = model.preprocess(request)
    outputs = model.run({name: tensor[None] for name, tensor in prepared.tensors.items()})
    row = {name: tensor[0] for name, tensor in outputs.items()}
    response = model.postprocess(row, request, prepared.context)
    if not isinstance(response, ToolResponse):
        raise TypeError(f"{tool.name} returns tensors and no picture: it makes no control pictures")
    (answer,) = response.pictures.values()
    return np.broadcast_to(answer, picture.shape)


@cache
def _opened(model_class: type[ToolModel[Any]]) -> ToolModel[Any]:
    model = model_class()
    model.setup(REPOSITORY / model_class.spec.name / "1", _no_calls)
    return model


def _no_calls(calls: Sequence[ModelCall]) -> list[dict[str, npt.NDArray[Any]]]:
    raise TypeError(f"a tool that calls {', '.join(call.model for call in calls)} needs the server to answer")
