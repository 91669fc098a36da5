"""Two small models written as any served model is; the batching core is tested through them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from visgate_server.errors import InvalidArgumentError
from visgate_server.model_spec import ModelSpec, TensorSpec
from visgate_server.networks import Tensors
from visgate_server.tool_model import Prepared, TensorResponse, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

BRIGHTEN = ToolSpec(
    name="brighten",
    title="Brighten",
    description="Adds to every pixel.",
    arguments=(
        picture(max_pixels=10_000),
        Argument("amount", ArgumentKind.INTEGER, "Grey levels to add.", default=10, minimum=0, maximum=255),
        Argument("mood", ArgumentKind.TEXT, "How.", default="plain", choices=("plain", "refuse", "crash")),
    ),
    pictures=(PictureOutput("PICTURE", "The brighter picture."),),
    constants={"operation": "add"},
)


class Brighten(ToolModel[str]):
    """Adds `amount` to a picture, and fails on purpose where its `mood` or its picture says so.

    A picture that holds the value 255 makes the network fail, as a poisonous input may.
    """

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="brighten",
        summary="Adds to every pixel",
        tools=(BRIGHTEN,),
        bound=(Argument("operation", ArgumentKind.TEXT, "Which tool asked.", default="add"),),
        max_batch_size=4,
    )

    def __init__(self) -> None:
        self.runs: list[int] = []

    def preprocess(self, request: ToolRequest) -> Prepared[str]:
        mood = request.text("mood")
        if mood == "refuse":
            raise InvalidArgumentError("mood refuses: choose another")
        if mood == "crash":
            raise RuntimeError("the preparation broke")
        return Prepared({"image": request.image(), "amount": np.int64(request.integer("amount"))[None]}, mood)

    def run(self, batch: Tensors) -> Tensors:
        self.runs.append(len(batch["image"]))
        if (batch["image"] == 255).any():
            raise ValueError("the network choked on 255")
        brighter = batch["image"].astype(np.int64) + batch["amount"][:, :, None, None]
        return {"brighter": np.clip(brighter, 0, 255).astype(np.uint8)}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: str) -> ToolResponse:
        return ToolResponse(
            text=f"brighter by {request.integer('amount')}",
            data={"mean": float(outputs["brighter"].mean()), "mood": context},
            pictures={"PICTURE": outputs["brighter"]},
        )


class TextLength(ToolModel[None]):
    """A model that offers no tool: the length of a text."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="text_length",
        summary="Counts characters",
        plain_arguments=(Argument("text", ArgumentKind.TEXT, "The text."),),
        plain_outputs=(TensorSpec("LENGTH", "INT64", (1,)),),
    )

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"length": np.array([len(request.text("text"))])}, None)

    def run(self, batch: Tensors) -> Tensors:
        return batch

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> TensorResponse:
        return TensorResponse({"LENGTH": outputs["length"]})
