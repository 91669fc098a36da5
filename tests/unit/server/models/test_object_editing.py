"""What a chain asks of whom, in which order and with which words; the models at its ends answer from a script here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import Reply, replies
from stream_caller import Caller

from visgate_server.errors import InvalidArgumentError
from visgate_server.model_inputs import column, default_inputs
from visgate_server.models.diffusion import Diffusion
from visgate_server.models.image_captioning import ImageCaptioning
from visgate_server.models.object_editing import ObjectEditing
from visgate_server.models.object_finding import ObjectFinding
from visgate_server.request_rows import read_rows
from visgate_server.stream_server import StreamServer
from visgate_server.tool_model import ModelCall, ToolRequest

BLUE, RED, PAINT = (30, 60, 200), (220, 30, 20), (0, 255, 0)


@dataclass
class Script:
    """Finds apples, which are red, captions everything alike, and paints green under masks."""

    looks_drawn: bool = True
    asked: list[tuple[str, ToolRequest]] = field(default_factory=list)

    def __call__(self, calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
        return [self._answer(call) for call in calls]

    def _answer(self, call: ModelCall) -> dict[str, NDArray[Any]]:
        spec = next(spec for spec in SPECS if spec.name == call.model)
        assert set(default_inputs(spec, 1)) <= set(call.inputs), "Triton batches only calls with the same inputs"
        [request] = read_rows(spec, call.inputs)
        self.asked.append((call.model, request))
        answers = {"object_finding": self._find, "image_captioning": self._caption, "diffusion": self._paint}
        return answers[call.model](request, call)

    def _find(self, request: ToolRequest, call: ModelCall) -> dict[str, NDArray[Any]]:
        assert request.text("operation") == "segment"
        is_apple = "apple" in request.text("object")
        mask = (request.image()[..., 0] > 128) & is_apple
        data = {"found": bool(mask.any()), "others": [] if is_apple else ["apple"]}
        return {
            "MASK": np.where(mask, 255, 0).astype(np.uint8)[None, ..., None],
            "TEXT": column("No such thing. What can be found in it: apple."),
            "DATA": column(json.dumps(data)),
        }

    def _caption(self, request: ToolRequest, call: ModelCall) -> dict[str, NDArray[Any]]:
        data = {"caption": "an apple on a blue background", "looks_drawn": self.looks_drawn}
        return {"DATA": column(json.dumps(data))}

    def _paint(self, request: ToolRequest, call: ModelCall) -> dict[str, NDArray[Any]]:
        assert request.text("operation") == "inpaint"
        if call.on_progress is not None:
            call.on_progress({"PROGRESS": np.array([[1, request.integer("steps")]], np.int32)})
        white = request.image("mask") >= 128
        assert white.any()
        return {"PICTURE": np.where(white, np.array(PAINT, np.uint8), request.image())[None]}

    def painted(self) -> list[ToolRequest]:
        return [request for model, request in self.asked if model == "diffusion"]


SPECS = (ObjectFinding.spec, ImageCaptioning.spec, Diffusion.spec)


@pytest.fixture
def script() -> Script:
    return Script()


def ask(script: Script, caller: Caller | None = None, **values: Any) -> Reply:
    model = ObjectEditing()
    model.setup(Path(), script)
    server, caller = StreamServer(model, print), caller or Caller()
    server.accept(
        {name.upper(): v[None] if isinstance(v, np.ndarray) else column(v) for name, v in values.items()}, caller
    )
    [reply] = replies(caller.ending())
    server.close()
    return reply


def apple(side: int = 100) -> NDArray[np.uint8]:
    """A red square, 30 pixels wide, on blue."""
    picture = np.full((side, side, 3), BLUE, np.uint8)
    picture[20:50, 40:70] = RED
    return picture


def test_removing_paints_background_over_the_object_and_its_rim(script: Script) -> None:
    reply = ask(script, operation="remove", image=apple(), object="the apple", seed=5, steps=7, scheduler="euler")
    picture, mask = reply.pictures["PICTURE"], reply.pictures["MASK"][..., 0] > 0
    assert (picture[mask] == PAINT).all()
    assert (picture[~mask] == BLUE).all()
    assert mask[15:55, 45:65].all()
    assert not mask[:14].any()
    [told] = script.painted()
    assert (told.text("prompt"), told.integer("seed"), told.integer("steps")) == ("background", 5, 7)
    assert told.text("scheduler") == "euler"
    assert reply.text == "Removed the apple and painted the background over it; seed 5 paints it again."
    assert (reply.data["found"], reply.data["object"], reply.data["seed"]) == (True, "apple", 5)
    assert [model for model, _ in script.asked] == ["object_finding", "diffusion"]


def test_replacing_paints_the_new_object_into_a_square(script: Script) -> None:
    reply = ask(script, operation="replace", image=apple(), object="apple", replacement="orange fish")
    mask = reply.pictures["MASK"][..., 0] > 0
    assert np.argwhere(mask).min(0).tolist() == [15, 35]
    assert np.argwhere(mask).max(0).tolist() == [54, 74]
    assert mask.sum() == 40 * 40
    [told] = script.painted()
    assert told.text("prompt") == "an orange fish"
    assert told.integer("seed") == reply.data["seed"] >= 0
    assert "Replaced the apple by an orange fish" in reply.text


@pytest.mark.parametrize("more", [{"operation": "remove"}, {"operation": "replace", "replacement": "a dog"}])
def test_what_is_not_there_is_an_answer_and_nothing_is_painted(script: Script, more: dict[str, str]) -> None:
    reply = ask(script, image=apple(), object="a key", **more)
    assert (reply.pictures["PICTURE"] == apple()).all()
    assert not reply.pictures["MASK"].any()
    assert reply.data == {"found": False, "object": "key", "others": ["apple"]}
    assert reply.text == "No such thing. What can be found in it: apple. Nothing was changed."
    assert script.painted() == []


def test_extending_paints_tile_after_tile_what_the_caption_says_of_the_background(script: Script) -> None:
    caller = Caller()
    reply = ask(script, caller, operation="extend", image=apple(), left=100, bottom=20, seed=8, preview_every=1)
    picture = reply.pictures["PICTURE"]
    assert picture.shape == (120, 200, 3)
    assert (picture[:100, 100:] == apple()).all()
    painted = np.ones((120, 200), np.bool_)
    painted[:100, 100:] = False
    assert (picture[painted] == PAINT).all()
    told = script.painted()
    assert len(told) == reply.data["tiles"] > 2
    assert {request.text("prompt") for request in told} == {"a blue background"}
    assert [request.integer("seed") for request in told] == [8 + index for index in range(len(told))]
    assert all(request.image().shape == (100, 100, 3) for request in told)
    assert reply.data["box"] == [100, 0, 200, 100]
    assert reply.data["caption"] == "an apple on a blue background"
    progress = [tensors["PROGRESS"][0].tolist() for tensors in caller.received]
    assert progress == [[20 * index + 1, 20 * len(told)] for index in range(len(told))]


def test_each_tile_has_the_nearest_colours_under_its_mask(script: Script) -> None:
    ask(script, operation="extend", image=apple(), right=50, prompt="grass")
    [told] = script.painted()
    assert (told.image() == np.roll(apple(), -50, axis=1))[:, :50].all()
    assert (told.image()[:, 50:] == BLUE).all()
    assert told.text("prompt") == "grass"
    assert [model for model, _ in script.asked] == ["diffusion"], "nobody looks at a picture that was described"


def test_a_picture_that_cannot_be_captioned_continues_as_background(script: Script) -> None:
    script.looks_drawn = False
    reply = ask(script, operation="extend", image=apple(), factor=1.5)
    assert {request.text("prompt") for request in script.painted()} == {"background"}
    assert reply.pictures["PICTURE"].shape == (150, 150, 3)
    assert reply.data["caption"] == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"operation": "remove", "object": " "}, "OBJECT is empty"),
        ({"operation": "remove", "object": "?!"}, "OBJECT names nothing"),
        ({"operation": "remove", "object": "cat " * 60}, "OBJECT has 239 characters; at most 200"),
        ({"operation": "replace", "object": "apple", "replacement": ""}, "REPLACEMENT is empty"),
        ({"operation": "replace", "object": "apple"}, "REPLACEMENT is missing"),
        ({"operation": "extend", "prompt": "cat " * 600}, "PROMPT has 2399 characters; at most 2000"),
        ({"operation": "extend", "left": 1, "width": 300}, "in more than one way"),
    ],
)
def test_what_cannot_be_done_calls_nobody(script: Script, values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        ask(script, image=apple(), **values)
    assert script.asked == []
