"""A small composite model: has another model count, several times, and adds up; for tests without Triton and within."""

from __future__ import annotations

import json
from typing import ClassVar

import numpy as np

from visgate_server.composite_model import Chain, CompositeModel
from visgate_server.model_spec import ModelSpec
from visgate_server.tool_model import ModelCall, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec

COUNT_OFTEN = ToolSpec(
    name="count_often",
    title="Count Often",
    description="Counts from one to a number, several times.",
    arguments=(
        Argument("number", ArgumentKind.INTEGER, "How far to count.", minimum=1, maximum=20_000),
        Argument("times", ArgumentKind.INTEGER, "How often.", default=2, minimum=1, maximum=9),
        Argument("seconds", ArgumentKind.NUMBER, "How long a step takes.", default=0.0, minimum=0.0, maximum=1.0),
    ),
    pictures=(PictureOutput("PICTURE", "The last count's."),),
)


class CountingOften(CompositeModel):
    """Calls `counting`, one time after the other."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="counting_often",
        summary="Counts up several times",
        tools=(COUNT_OFTEN,),
        streams=True,
        max_batch_size=1,
        max_queue_size=2,
        instances=1,
        calls=("counting",),
        warmup_sides=(),
    )

    def answer(self, request: ToolRequest, chain: Chain) -> ToolResponse:
        times, total = request.integer("times"), 0
        inputs = {
            "NUMBER": np.array([[request.integer("number")]], np.int32),
            "SECONDS": np.array([[request.number("seconds")]], np.float32),
            "PREVIEW_EVERY": np.array([[chain.preview_every]], np.int32),
        }
        picture = np.zeros((1, 1, 3), np.uint8)
        for index in range(times):
            call = ModelCall("counting", inputs, ("PICTURE", "DATA"), True, chain.part(index, times))
            outputs = chain.call(call)
            total += json.loads(outputs["DATA"][0, 0])["number"]
            picture = outputs["PICTURE"][0]
        return ToolResponse(f"counted {total}", {"total": total}, {"PICTURE": picture})
