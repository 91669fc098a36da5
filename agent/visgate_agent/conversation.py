"""The agent's loop: streams a completion, runs the tools that it calls, and asks again until there is an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from visgate_agent.chat_model import ChatModel
from visgate_agent.errors import TooManyRoundsError
from visgate_agent.events import CallFinished, CallProgressed, CallStarted, Event, ReplyFinished, TextDelta
from visgate_agent.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.toolbox import Toolbox
from visgate_client import Tool

MAX_ROUNDS = 24
"""Completions that one user message may cost: more than any sensible chain of tools is long."""

_Emit = Callable[[Event], None]


class Conversation:
    """A conversation between a person, a chat model and the tools of a server.

    Attributes:
        messages: all that was said, in order. Each assistant message is followed by the answers to all of its
            tool calls; a completion that failed leaves nothing behind.
    """

    def __init__(self, chat_model: ChatModel, toolbox: Toolbox, *, max_rounds: int = MAX_ROUNDS) -> None:
        self.messages: list[Message] = []
        self._chat_model = chat_model
        self._toolbox = toolbox
        self._max_rounds = max_rounds

    async def send(self, text: str, pictures: Sequence[str] = ()) -> AsyncGenerator[Event, None]:
        """Says something and yields what happens until the chat model has answered.

        Closing the generator early cancels the completion and every call that still runs.

        Args:
            text: what the person says.
            pictures: names, in the session's store, of the pictures attached to it.

        Raises:
            ChatModelError: the chat model gave no usable answer.
            TooManyRoundsError: it called tools again and again and never answered.
            VisgateError: the server does not list its tools.
        """
        self.messages.append(UserMessage(text, tuple(pictures)))
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        turn = asyncio.create_task(self._turn(events.put_nowait))
        turn.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            await turn
        finally:
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

    async def _turn(self, emit: _Emit) -> None:
        tools = await self._toolbox.tools()
        for _ in range(self._max_rounds):
            message = await self._round(tools, emit)
            if not message.tool_calls:
                emit(ReplyFinished(message.text))
                return
        raise TooManyRoundsError(
            f"{self._chat_model.name} called tools in {self._max_rounds} rounds and gave no answer: "
            "ask for less at once"
        )

    async def _round(self, tools: Sequence[Tool], emit: _Emit) -> AssistantMessage:
        """Streams one completion, and starts each tool call while the rest of it is still being written."""
        text: list[str] = []
        calls: list[ToolCall] = []
        running: list[asyncio.Task[ToolMessage]] = []
        try:
            async with aclosing(self._chat_model.complete(self.messages, tools)) as completion:
                async for event in completion:
                    if isinstance(event, TextDelta):
                        text.append(event.text)
                        emit(event)
                    else:
                        calls.append(event)
                        running.append(asyncio.create_task(self._perform(event, emit)))
                        # Pieces of the stream that are here already would be read without a pause otherwise.
                        await asyncio.sleep(0)
            answers = await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        message = AssistantMessage("".join(text), tuple(calls))
        self.messages += [message, *answers]
        return message

    async def _perform(self, call: ToolCall, emit: _Emit) -> ToolMessage:
        emit(CallStarted(call))
        message = await self._toolbox.run(call, lambda progress: emit(CallProgressed(call, progress)))
        emit(CallFinished(message))
        return message
