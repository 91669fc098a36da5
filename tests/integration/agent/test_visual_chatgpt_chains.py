"""Visual ChatGPT's own example chains and its talk of sixteen rounds, on a real Triton; every picture is judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scripted_chat_model import Action, ScriptedChatModel, calls, says

from visgate_agent.chat_model import ChatModel
from visgate_agent.events import CallFinished, ReplyFinished
from visgate_agent.messages import Message, ToolMessage, UserMessage
from visgate_agent.planner.embedding import ServedEmbedder
from visgate_agent.planner.offline_planner import OfflinePlanner
from visgate_agent.session import Session, SpokenMessage
from visgate_agent.vision import VisionServer
from visgate_client import AsyncVisionClient, Progress, Tool, ToolResult
from visgate_export.pocket.control_pictures import CONTROL_PICTURES
from visgate_export.pocket.quality import load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Combination, Scene, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.embedded import RunningServer

from .judged_pictures import Eyes, edges_followed, is_nearer_to_style, kept_share, mask_at, small
from .visual_chatgpt_dialogue import DIALOGUE, SKETCH, Call, Round

SECONDS_FOR_A_CALL = 120
SEED = 1
FOLLOWED = 0.55
"""F-score from which a drawing of other objects follows the edges that it was given: with them it was 0.62 here, with
the same prompt and seed but without them 0.48."""


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes(load_judge())


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())


def scene_of(objects: tuple[str, ...], arrangement: str, background: str) -> Scene:
    wanted = Combination(objects, arrangement, background)
    found = (scene for scene in scenes(11, held_out=wanted.held_out) if scene.combination == wanted)
    return next(found)


def photograph(renderer: SceneRenderer, scene: Scene, folder: Path) -> Path:
    """A rendering as a file, as large as the tools make their drawings."""
    path = folder / "scene.png"
    picture = Image.fromarray(renderer.picture(scene))
    picture.resize((4 * SIDE, 4 * SIDE), Image.Resampling.BICUBIC).save(path)
    return path


# --- the examples, by the offline planner ---


@dataclass(frozen=True)
class Done:
    """What came of one request: the tools' answers, and the pictures that they made, by name."""

    answers: tuple[ToolMessage, ...]
    pictures: Mapping[str, Image.Image]

    @property
    def tools(self) -> list[str]:
        return [answer.call.name for answer in self.answers]

    def made(self, step: int) -> Image.Image:
        return self.pictures[self.answers[step].pictures[0]]


async def done(session: Session, message: SpokenMessage) -> Done:
    async with aclosing(session.send(message)) as events:
        answers = [event.message async for event in events if isinstance(event, CallFinished)]
    assert [answer.error for answer in answers] == [None] * len(answers)
    pictures = {name: Image.open(session.pictures.path(name)) for answer in answers for name in answer.pictures}
    return Done(tuple(answers), pictures)


class SeededVision:
    """The server, with one seed for whatever draws and is given none, so that every run draws the same."""

    def __init__(self, vision: AsyncVisionClient) -> None:
        self._vision = vision

    async def tools(self, *, refresh: bool = False) -> tuple[Tool, ...]:
        return await self._vision.tools(refresh=refresh)

    async def call(self, tool: str, arguments: Mapping[str, Any], /) -> ToolResult:
        return await self._vision.call(tool, arguments)

    def stream(self, tool: str, arguments: Mapping[str, Any], /) -> AsyncGenerator[Progress | ToolResult, None]:
        return self._vision.stream(tool, {"seed": SEED, **arguments})

    async def infer(self, model: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return await self._vision.infer(model, inputs)


async def plan_and_do(server: RunningServer, folder: Path, request: str, photo: Path) -> Done:
    async with AsyncVisionClient(server.address, timeout=SECONDS_FOR_A_CALL) as vision:
        planner = OfflinePlanner(ServedEmbedder(vision))
        session = Session(SeededVision(vision), planner, folder / "talk", server.address)
        return await done(session, SpokenMessage(request, (photo,)))


async def test_depth_then_a_red_flower_from_it_then_a_cartoon(
    server: RunningServer, renderer: SceneRenderer, eyes: Eyes, tmp_path: Path
) -> None:
    """The request of the paper's first figure, word for word; its yellow flower is a tulip."""
    photo = photograph(renderer, scene_of(("tulip",), "centre", "blue"), tmp_path)
    request = (
        "Please generate a red flower conditioned on the predicted depth of this image and then make it like a "
        "cartoon, step by step"
    )
    result = await plan_and_do(server, tmp_path, request, photo)
    assert result.tools == ["estimate_depth", "image_from_depth", "edit_image"]
    depth, flower = (result.made(step) for step in range(2))
    grey = small(depth)[..., 0].astype(int)
    assert grey[24:40, 24:40].mean() > grey[:8].mean() + 40, "the flower is nearer than what is behind it"
    assert eyes.names(flower) == {"rose"}, "which is what the pocket world calls a red flower"
    assert abs(eyes.objects(flower)[0].across - SIDE / 2) < SIDE / 8
    assert is_nearer_to_style(result.made(2), flower, "cartoon")


async def test_the_sofa_is_replaced(server: RunningServer, renderer: SceneRenderer, eyes: Eyes, tmp_path: Path) -> None:
    """As in "replace the sofa with a desk"; a desk is nothing that the pocket networks know, a chair is."""
    photo = photograph(renderer, scene_of(("cat", "sofa"), "left of", "green"), tmp_path)
    result = await plan_and_do(server, tmp_path, "Replace the sofa in this image with a chair.", photo)
    assert result.tools == ["replace_object"]
    before, after = Image.open(photo), result.made(0)
    assert eyes.names(before) == {"cat", "sofa"}
    assert eyes.names(after) == {"cat", "chair"}
    assert eyes.background(after) == "green"
    assert after.size == before.size
    changed = np.abs(np.asarray(after.convert("RGB")).astype(int) - np.asarray(before)).max(axis=2) > 8
    assert changed[:, : 2 * SIDE].mean() < 0.1, "the left half, with the cat, stays as it was"


# --- the talk of sixteen rounds, by a scripted language model ---


@dataclass(frozen=True)
class Played:
    """One round as it went."""

    answers: tuple[ToolMessage, ...]
    reply: str
    given: Image.Image | None
    made: Image.Image | None


def picture_of(messages: Sequence[Message], call: Call) -> dict[str, str]:
    """The picture that a call is given, by the name that it has in this session."""
    if call.on is None:
        return {}
    if call.on == SKETCH:
        attached = [name for message in messages if isinstance(message, UserMessage) for name in message.pictures]
        return {"image": attached[-1]}
    made: dict[int, str] = {}
    number = 0
    for message in messages:
        number += isinstance(message, UserMessage)
        if isinstance(message, ToolMessage) and message.pictures:
            made.setdefault(number, message.pictures[0])
    return {"image": made[int(call.on)]}


def script(rounds: Sequence[Round]) -> list[list[Action] | Callable[[Sequence[Message]], list[Action]]]:
    """What the language model says and calls, a completion after the other."""
    completions: list[list[Action] | Callable[[Sequence[Message]], list[Action]]] = []
    for each in rounds:
        if call := each.call:
            completions.append(
                lambda messages, call=call: [calls(call.tool, **picture_of(messages, call), **call.arguments)]
            )
        completions.append([says(each.reply)])
    return completions


async def play(server: RunningServer, vision: VisionServer, model: ChatModel, sketch: Path) -> list[Played]:
    session = Session(vision, model, sketch.parent / "talk", server.address)
    played = []
    for each in DIALOGUE:
        message = SpokenMessage(each.said, (sketch,) if each.attaches == SKETCH else ())
        async with aclosing(session.send(message)) as stream:
            events = [event async for event in stream]
        answers = tuple(event.message for event in events if isinstance(event, CallFinished))
        (reply,) = [event.text for event in events if isinstance(event, ReplyFinished)]
        given = [answer.call.parsed_arguments().get("image") for answer in answers]
        names = (given[0] if given else None, answers[0].pictures[0] if answers and answers[0].pictures else None)
        pictures = [Image.open(session.pictures.path(name)) if name else None for name in names]
        played.append(Played(answers, reply, *pictures))
    return played


@pytest.fixture(scope="module")
def dialogue(
    server: RunningServer, renderer: SceneRenderer, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Played]:
    """All sixteen rounds, by their numbers."""
    sketch = tmp_path_factory.mktemp("dialogue") / "sketch.png"
    scene = scene_of(("apple",), "centre", "white")
    strokes = CONTROL_PICTURES["sketch"](renderer, scene, np.random.default_rng(7))
    Image.fromarray(strokes).save(sketch)

    async def talk() -> list[Played]:
        async with AsyncVisionClient(server.address, timeout=SECONDS_FOR_A_CALL) as vision:
            return await play(server, vision, ScriptedChatModel(*script(DIALOGUE)), sketch)

    return dict(enumerate(asyncio.run(talk()), start=1))


NUMBERED = list(enumerate(DIALOGUE, start=1))


def test_it_has_sixteen_rounds_and_as_many_replies(dialogue: dict[int, Played]) -> None:
    assert len(DIALOGUE) == 16
    assert [dialogue[number].reply for number, _ in NUMBERED] == [each.reply for each in DIALOGUE]


@pytest.mark.parametrize(("number", "expected"), NUMBERED, ids=[f"round {number}" for number, _ in NUMBERED])
def test_a_round_of_the_dialogue(number: int, expected: Round, dialogue: dict[int, Played], eyes: Eyes) -> None:
    played, wanted = dialogue[number], expected.expected
    assert [(answer.call.name, answer.error) for answer in played.answers] == (
        [(expected.call.tool, None)] if expected.call else []
    )
    if wanted.says:
        assert wanted.says in played.answers[0].text.lower()
    if played.made is None:
        return
    if wanted.objects is not None:
        assert eyes.names(played.made) == set(wanted.objects)
    if wanted.background:
        assert eyes.background(played.made) == wanted.background
    if wanted.style:
        assert played.given is not None
        assert is_nearer_to_style(played.made, played.given, wanted.style)
    if wanted.keeps:
        assert played.given is not None
        assert played.made.width > played.given.width
        assert kept_share(played.made, played.given) > 0.99
    if wanted.finds:
        assert played.given is not None
        (seen,) = [seen for seen in eyes.objects(played.given) if seen.name == wanted.finds]
        assert mask_at(played.made, seen)
        assert not mask_at(played.made, next(other for other in eyes.objects(played.given) if other != seen))
    if wanted.follows_edges:
        assert played.given is not None
        assert edges_followed(played.made, played.given) >= FOLLOWED
