"""Plays the offline planner against a set of instructions and counts what it gets right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visgate_agent.events import TextDelta
from visgate_agent.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.picture_names import PictureName, is_picture_name
from visgate_agent.planner.embedding import TextEmbedder
from visgate_agent.planner.offline_planner import OfflinePlanner
from visgate_client import Tool

INSTRUCTIONS = Path(__file__).with_name("planner_instructions.json")
MAX_ROUNDS = 10


@dataclass(frozen=True)
class Expected:
    tool: str
    on: str | None
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Instruction:
    text: str
    photos: int
    steps: tuple[Expected, ...]

    @property
    def kind(self) -> str:
        return "no tool" if not self.steps else "single" if len(self.steps) == 1 else "multi-step"


@dataclass(frozen=True)
class Score:
    """How one instruction went: the tools alone, and tools, pictures and arguments together."""

    instruction: Instruction
    made: tuple[str, ...]
    tools_right: bool
    all_right: bool


def load_instructions(part: str) -> tuple[Instruction, ...]:
    entries = json.loads(INSTRUCTIONS.read_text())[part]
    return tuple(
        Instruction(
            entry["text"],
            entry["photos"],
            tuple(Expected(step["tool"], step["on"], step.get("arguments", {})) for step in entry["steps"]),
        )
        for entry in entries
    )


async def play(planner: OfflinePlanner, instruction: Instruction, tools: Sequence[Tool]) -> list[ToolCall]:
    """The calls that the planner makes, in order; each is answered as if its tool had worked."""
    makers = {tool.name for tool in tools if any(output.kind == "picture" for output in tool.outputs)}
    photos = tuple(f"{number:04x}_photo.png" for number in range(1, instruction.photos + 1))
    messages: list[Message] = [UserMessage(instruction.text, photos)]
    calls: list[ToolCall] = []
    for _ in range(MAX_ROUNDS):
        events = [event async for event in planner.complete(messages, tools)]
        new = tuple(event for event in events if isinstance(event, ToolCall))
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        messages.append(AssistantMessage(text, new))
        if not new:
            return calls
        for call in new:
            calls.append(call)
            made = (_made(call, f"a{len(calls):03x}"),) if call.name in makers else ()
            messages.append(ToolMessage(call, "done", None, made))
    raise AssertionError(f"the planner never ends: {instruction.text}")


async def score(
    embedder: TextEmbedder, tools: Sequence[Tool], instructions: Sequence[Instruction]
) -> tuple[Score, ...]:
    planner = OfflinePlanner(embedder)
    return tuple([_judge(each, await play(planner, each, tools)) for each in instructions])


def _judge(instruction: Instruction, calls: Sequence[ToolCall]) -> Score:
    made = tuple(_shown(call) for call in calls)
    tools_right = [call.name for call in calls] == [step.tool for step in instruction.steps]
    all_right = tools_right and all(
        _where(call) == step.on and step.arguments.items() <= _arguments(call).items()
        for call, step in zip(calls, instruction.steps, strict=True)
    )
    return Score(instruction, made, tools_right, all_right)


def _arguments(call: ToolCall) -> dict[str, Any]:
    """A call's arguments, with its pictures called "photo 1" or "step 2"."""
    return {name: _called(value) for name, value in call.parsed_arguments().items()}


def _shown(call: ToolCall) -> str:
    others = [f"{name}={value!r}" for name, value in _arguments(call).items() if name != "image"]
    return f"{call.name}({', '.join([str(_where(call)), *others])})"


def _made(call: ToolCall, identity: str) -> str:
    source = call.parsed_arguments().get("image")
    name = PictureName(identity, "result") if source is None else PictureName.parse(source).made(identity, "result")
    return str(name)


def _where(call: ToolCall) -> str | None:
    """The picture that a call is given; none for a drawing from words alone."""
    where = _arguments(call).get("image")
    return None if where is None else str(where)


def _called(value: Any) -> Any:
    if not isinstance(value, str) or not is_picture_name(value):
        return value
    identity = PictureName.parse(value).identity
    return f"step {int(identity[1:], 16)}" if identity.startswith("a") else f"photo {int(identity, 16)}"


def shares(scores: Sequence[Score]) -> dict[str, tuple[int, int, int]]:
    """By kind: how many there are, how many with the right tools, how many right in everything."""
    kinds = dict.fromkeys(each.instruction.kind for each in scores)
    return {
        kind: (
            len([each for each in scores if each.instruction.kind == kind]),
            len([each for each in scores if each.instruction.kind == kind and each.tools_right]),
            len([each for each in scores if each.instruction.kind == kind and each.all_right]),
        )
        for kind in kinds
    }
