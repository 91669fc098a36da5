"""Changes one object of a picture or extends it: finds, masks and paints by other models, in one call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.composite_model import Chain, CompositeModel
from visgate_server.drawing_requests import MAX_PROMPT_CHARACTERS, SEEDS, seed_of
from visgate_server.drawing_tools.shared_arguments import PAINTING_SETTINGS
from visgate_server.errors import InvalidArgumentError
from visgate_server.model_inputs import column, model_call
from visgate_server.model_spec import DATA_TENSOR, TEXT_TENSOR, ModelSpec
from visgate_server.models.diffusion import Diffusion
from visgate_server.models.image_captioning import ImageCaptioning
from visgate_server.models.object_finding import MAX_WORDS, ObjectFinding
from visgate_server.object_editing.canvas import canvas_of
from visgate_server.object_editing.editing_masks import removing_mask, replacing_mask
from visgate_server.object_editing.frame_tiles import filled_from_nearest, frame_tiles
from visgate_server.object_editing.tools import EDITING_TOOLS
from visgate_server.object_editing.wording import BACKGROUND, as_prompt, frame_prompt
from visgate_server.object_finding.spoken_object import read_object
from visgate_server.tool_model import Image, ModelCaller, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind

Mask = NDArray[np.bool_]

_FOUND_FROM = 128


@dataclass(frozen=True, eq=False)
class _Part:
    """One of the drawings that a request needs.

    Attributes:
        image: UINT8 [height, width, 3].
        mask: what of it is drawn anew, bool [height, width].
        prompt: what to draw there.
        seed: of this drawing.
        index: which of them it is.
        count: how many there are.
    """

    image: Image
    mask: Mask
    prompt: str
    seed: int
    index: int = 0
    count: int = 1


class ObjectEditing(CompositeModel):
    """Chains of calls: the finder, then the diffusion model's inpainting; for a frame captions and many drawings."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="object_editing",
        summary="Removes, replaces and extends: finding, masking and inpainting in one call",
        tools=EDITING_TOOLS,
        streams=True,
        bound=(
            Argument(
                "operation",
                ArgumentKind.TEXT,
                "Which tool asked.",
                default="remove",
                choices=tuple(str(tool.constants["operation"]) for tool in EDITING_TOOLS),
            ),
        ),
        max_batch_size=1,
        max_queue_size=32,
        instances=1,
        calls=(ObjectFinding.spec.name, Diffusion.spec.name, ImageCaptioning.spec.name),
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        super().setup(folder, call_models)
        self._operations: Mapping[str, Callable[[ToolRequest, Chain], ToolResponse]] = {
            "remove": _remove,
            "replace": _replace,
            "extend": _extend,
        }

    def answer(self, request: ToolRequest, chain: Chain) -> ToolResponse:
        return self._operations[request.text("operation")](request, chain)


def _remove(request: ToolRequest, chain: Chain) -> ToolResponse:
    found = _find(request, chain)
    if isinstance(found, ToolResponse):
        return found
    name = _named(request)
    mask, seed = removing_mask(found), seed_of(request)
    picture = _paint(_Part(request.image(), mask, BACKGROUND, seed), request, chain)
    text = f"Removed the {name} and painted the background over it; seed {seed} paints it again."
    return _changed(text, picture, mask, {"object": name, "seed": seed})


def _replace(request: ToolRequest, chain: Chain) -> ToolResponse:
    replacement = as_prompt(_said(request, "replacement"))
    found = _find(request, chain)
    if isinstance(found, ToolResponse):
        return found
    name = _named(request)
    mask, seed = replacing_mask(found), seed_of(request)
    picture = _paint(_Part(request.image(), mask, replacement, seed), request, chain)
    text = f"Replaced the {name} by {replacement}; seed {seed} paints it again."
    return _changed(text, picture, mask, {"object": name, "replacement": replacement, "seed": seed})


def _extend(request: ToolRequest, chain: Chain) -> ToolResponse:
    image, canvas = request.image(), canvas_of(request)
    picture, empty = canvas.place(image)
    tiles = frame_tiles(empty, min(image.shape[:2]))
    prompt, caption = _said(request, "prompt", required=False), ""
    if not prompt:
        caption = _caption(image, chain)
        prompt = frame_prompt(caption) or BACKGROUND
    seed = seed_of(request)
    for index, tile in enumerate(tiles):
        rows, columns = tile.rows(empty), tile.columns(empty)
        mask = empty[rows, columns].copy()
        part = filled_from_nearest(picture[rows, columns], mask)
        # Another seed for each, or the same blot would come again and again.
        painted = _Part(part, mask, prompt, (seed + index) % SEEDS, index, len(tiles))
        picture[rows, columns] = _paint(painted, request, chain)
        empty[rows, columns] = False
    captioned = f" The picture's caption: {caption}" if caption else ""
    return ToolResponse(
        text=(
            f"Extended the picture from {image.shape[1]} × {image.shape[0]} to {canvas.width} × {canvas.height} pixels "
            f"with {prompt!r}, in {len(tiles)} tiles; seed {seed} paints it again.{captioned}"
        ),
        data={
            "width": canvas.width,
            "height": canvas.height,
            "box": [canvas.left, canvas.top, canvas.left + image.shape[1], canvas.top + image.shape[0]],
            "prompt": prompt,
            "caption": caption,
            "tiles": len(tiles),
            "seed": seed,
        },
        pictures={"PICTURE": picture},
    )


def _find(request: ToolRequest, chain: Chain) -> Mask | ToolResponse:
    """The object's mask, bool [height, width], or the answer that it is not there."""
    name, image = _named(request), request.image()
    inputs = {"IMAGE": image[None], "OBJECT": column(request.text("object")), "OPERATION": column("segment")}
    outputs = chain.call(model_call(ObjectFinding.spec, inputs, ("MASK", TEXT_TENSOR, DATA_TENSOR)))
    mask: Mask = outputs["MASK"][0, :, :, 0] >= _FOUND_FROM
    found = json.loads(outputs[DATA_TENSOR][0, 0])
    if found["found"] and mask.any():
        return mask
    text = f"{outputs[TEXT_TENSOR][0, 0].decode()} Nothing was changed."
    nothing = np.zeros((*image.shape[:2], 1), np.uint8)
    data = {"found": False, "object": name, "others": found["others"]}
    return ToolResponse(text, data, {"PICTURE": image, "MASK": nothing})


def _named(request: ToolRequest) -> str:
    """The object's name alone, as sentences have it after "the"."""
    name = read_object(_said(request, "object", most=MAX_WORDS)).name
    if not name:
        raise InvalidArgumentError("input OBJECT names nothing: say which thing, for example 'cat'")
    return name


def _caption(image: Image, chain: Chain) -> str:
    """What the captioning model says of a picture; empty where it says that it does not know such pictures."""
    outputs = chain.call(model_call(ImageCaptioning.spec, {"IMAGE": image[None]}, (DATA_TENSOR,)))
    said = json.loads(outputs[DATA_TENSOR][0, 0])
    return str(said["caption"]) if said.get("looks_drawn", True) else ""


def _paint(part: _Part, request: ToolRequest, chain: Chain) -> Image:
    """The part with its mask drawn anew, UINT8 [height, width, 3]."""
    mask = np.where(part.mask, np.uint8(255), np.uint8(0))
    told = {setting.tensor: column(request.arguments[setting.name]) for setting in PAINTING_SETTINGS}
    inputs = {
        **told,
        "IMAGE": part.image[None],
        "MASK": np.repeat(mask[None, :, :, None], 3, axis=3),
        "PROMPT": column(part.prompt),
        "OPERATION": column("inpaint"),
        "SEED": column(part.seed),
        "PREVIEW_EVERY": column(chain.preview_every),
    }
    progress = chain.part(part.index, part.count)
    painted: Image = chain.call(model_call(Diffusion.spec, inputs, ("PICTURE",), progress))["PICTURE"][0]
    return painted


def _changed(text: str, picture: Image, mask: Mask, data: Mapping[str, Any]) -> ToolResponse:
    share = round(float(mask.mean()), 4)
    painted = np.where(mask, np.uint8(255), np.uint8(0))[..., None]
    return ToolResponse(text, {"found": True, **data, "share": share}, {"PICTURE": picture, "MASK": painted})


def _said(request: ToolRequest, name: str, *, required: bool = True, most: int = MAX_PROMPT_CHARACTERS) -> str:
    text = request.text(name).strip()
    if required and not text:
        raise InvalidArgumentError(f"input {name.upper()} is empty: name one thing")
    if len(text) > most:
        raise InvalidArgumentError(
            f"input {name.upper()} has {len(text)} characters; at most {most} are taken: say it shortly"
        )
    return text
