"""Draws pictures: brings the drawing tools' requests to the diffusion engine and its drawings back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from visgate_server.diffusion.drawing import Drawing
from visgate_server.diffusion.engine import DiffusionEngine, open_engine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.drawing_enlarger import DrawingEnlarger
from visgate_server.drawing_requests import DrawingPlan, plan_drawing
from visgate_server.drawing_tools import DRAWING_TOOLS, OPERATION
from visgate_server.errors import InvalidArgumentError
from visgate_server.model_spec import ModelSpec
from visgate_server.models.upscale_image import MAX_PIXELS, UpscaleImage
from visgate_server.response_tensors import Times
from visgate_server.stream_model import ResponseStream, StreamModel
from visgate_server.tool_model import Image, ModelCaller, ToolRequest, ToolResponse


class Diffusion(StreamModel):
    """One engine for all drawing tools: whoever asks for what, their steps share the UNet's runs."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="diffusion",
        summary="Diffusion engine: text and control pictures to drawings, batched step by step",
        tools=DRAWING_TOOLS,
        streams=True,
        bound=(OPERATION,),
        # Which other UNets and ControlNets there are, the profile says; the engine names one that is missing.
        networks=(
            "text_encoder.onnx",
            "vae_encoder.onnx",
            "vae_decoder.onnx",
            "unet.onnx",
            "tokenizer.json",
            "profile.json",
        ),
        max_batch_size=1,
        max_queue_size=64,
        instances=1,
        calls=(UpscaleImage.spec.name,),
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._engine: DiffusionEngine = open_engine(folder, EngineLimits(max_queued=self.spec.max_queue_size))
        self._enlarger = DrawingEnlarger(call_models)

    def start(self, request: ToolRequest, stream: ResponseStream) -> None:
        plan = plan_drawing(request, self._engine.profile)
        waiting = _WaitingCaller(plan, stream, self._enlarger if _is_enlarged(request, plan) else None)
        self._engine.add(plan.request, waiting, queue_timeout=stream.queue_timeout_s)

    def run_forever(self) -> None:
        self._engine.run_forever()

    def stop(self) -> None:
        self._engine.stop()
        self._enlarger.close()


def _is_enlarged(request: ToolRequest, plan: DrawingPlan) -> bool:
    drawn = plan.request
    if plan.patch is not None:
        return plan.patch.is_larger_than_drawing
    if request.flag("enlarge") and drawn.width * drawn.height > MAX_PIXELS:
        raise InvalidArgumentError(
            f"a drawing of {drawn.width} × {drawn.height} pixels is too large to be enlarged (at most {MAX_PIXELS} "
            "pixels in all): set enlarge to false, or make it smaller"
        )
    return request.flag("enlarge")


@dataclass
class _WaitingCaller:
    """Whoever waits for a drawing, as the engine's loop sees them."""

    plan: DrawingPlan
    stream: ResponseStream
    enlarger: DrawingEnlarger | None
    _has_begun: bool = False
    _began_ns: int = 0

    def on_progress(self, step: int, of: int, preview: Image | None) -> None:
        self._has_begun = True
        if self.plan.request.preview_every:
            self.stream.progress(step, of, preview)

    def on_result(self, drawing: Drawing) -> None:
        if self.enlarger is None:
            self._finish(drawing, drawing.picture)
        else:
            self.enlarger.enlarge(drawing.picture, lambda enlarged: self._finish(drawing, enlarged), self.stream.fail)

    def on_error(self, error: Exception) -> None:
        self.stream.fail(error)

    def is_cancelled(self) -> bool:
        # The engine asks at the beginning of every step, so the last time before any progress is when work began.
        if not self._has_begun:
            self._began_ns = time.time_ns()
        return self.stream.is_cancelled()

    def _finish(self, drawing: Drawing, drawn: Image) -> None:
        picture = drawn if self.plan.patch is None else self.plan.patch.pasted(drawn)
        times = Times(self._began_ns, time.time_ns() - self._began_ns, round(drawing.mean_requests))
        response = ToolResponse(
            text=_text(self.plan, drawing, picture),
            data=_data(self.plan, drawing, picture),
            pictures={"PICTURE": picture},
        )
        self.stream.finish(response, times)


def _text(plan: DrawingPlan, drawing: Drawing, picture: Image) -> str:
    request = plan.request
    lost = "".join(
        f" The {name} was too long: {text!r} at its end was not looked at."
        for name, text in (("prompt", drawing.cut_off), ("negative prompt", drawing.negative_cut_off))
        if text
    )
    return (
        f"{_made(plan)} in {drawing.steps} steps, {request.width} × {request.height} pixels"
        f"{_enlarged(plan, picture)}; seed {drawing.seed} draws it again.{lost}"
    )


def _made(plan: DrawingPlan) -> str:
    if plan.patch is not None:
        return f"Drew {plan.request.prompt!r} under the mask and left the rest as it was,"
    verb = "Changed the picture as told" if plan.request.unet == "edit" else "Drew"
    return f"{verb} {plan.request.prompt!r}"


def _enlarged(plan: DrawingPlan, picture: Image) -> str:
    height, width, _ = picture.shape
    if plan.patch is not None:
        side = plan.patch.window.side
        return f", fitted to {side} × {side} of the picture"
    return f", enlarged to {width} × {height}" if (width, height) != (plan.request.width, plan.request.height) else ""


def _data(plan: DrawingPlan, drawing: Drawing, picture: Image) -> dict[str, Any]:
    request = plan.request
    data = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": drawing.seed,
        "steps": drawing.steps,
        "guidance": round(request.guidance, 4),
        "scheduler": request.scheduler,
        "width": picture.shape[1],
        "height": picture.shape[0],
        "prompt_tokens": drawing.prompt_tokens,
        "cut_off": drawing.cut_off,
        "negative_cut_off": drawing.negative_cut_off,
        "unet_calls": drawing.unet_calls,
        "mean_requests": round(drawing.mean_requests, 2),
    }
    if plan.patch is None:
        data["enlarged"] = picture.shape[1] // request.width
    else:
        window = plan.patch.window
        data["drawn_square"] = [window.left, window.top, window.left + window.side, window.top + window.side]
    if request.unet == "edit":
        data["image_guidance"] = round(request.image_guidance, 4)
    return data
