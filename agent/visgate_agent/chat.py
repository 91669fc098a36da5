"""Holds a conversation in a terminal, its messages given beforehand or typed; decides nothing of what is answered."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from visgate_agent.chat_model import ChatModel
from visgate_agent.session import Session, SpokenMessage
from visgate_agent.terminal import TerminalView, printable
from visgate_agent.vision import VisionServer
from visgate_client import VisgateError

OUTPUT = Path("visgate_output")
"""Where sessions' folders lie when nothing else is asked for."""

HELP = """\
Say what to do with your pictures. Lines that begin with a slash are commands:
  /image FILE   attach a photo to the next message
  /help         this text
  /quit         end (so does Ctrl-D); Ctrl-C stops an answer"""


OpenChatModel = Callable[[VisionServer], AbstractAsyncContextManager[ChatModel]]
"""Makes the chat model once the server is there."""


@dataclass(frozen=True)
class ChatSettings:
    """What the command line asks for.

    Attributes:
        server: the vision server's address.
        output: the session's folder; none for a new one.
        messages: said in order; none for a prompt.
        photos: attached to the first message that is typed at a prompt.
    """

    server: str
    output: Path | None
    messages: tuple[SpokenMessage, ...]
    photos: tuple[Path, ...] = ()


def chat_in_terminal(
    connection: AbstractAsyncContextManager[VisionServer],
    open_model: OpenChatModel,
    settings: ChatSettings,
    console: Console,
) -> None:
    """Holds a conversation until the messages, or the person at the prompt, come to an end.

    Raises:
        VisgateError: the conversation cannot go on. At a prompt only what keeps it from beginning is raised.
    """
    # The prompt blocks outside of the event loop, so that Ctrl-C ends it at once, and Ctrl-C during an answer
    # cancels that answer alone.
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            session = runner.run(_open(stack, connection, open_model, settings, console))
            chat = _TerminalChat(session, console, runner)
            if settings.messages:
                chat.play(settings.messages)
            else:
                chat.prompt(settings.photos)
        finally:
            runner.run(stack.aclose())


async def _open(
    stack: AsyncExitStack,
    connection: AbstractAsyncContextManager[VisionServer],
    open_model: OpenChatModel,
    settings: ChatSettings,
    console: Console,
) -> Session:
    vision = await stack.enter_async_context(connection)
    chat_model = await stack.enter_async_context(open_model(vision))
    # A server that is not there should be told before anything is typed.
    await vision.tools()
    folder = settings.output or _new_folder()
    console.print(chat_model.introduction, style="dim", markup=False, highlight=False)
    console.print(f"Pictures and transcript: {folder}", style="dim", markup=False, highlight=False)
    return Session(vision, chat_model, folder, settings.server)


def _new_folder() -> Path:
    return OUTPUT / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class _TerminalChat:
    def __init__(self, session: Session, console: Console, runner: asyncio.Runner) -> None:
        self._session = session
        self._console = console
        self._runner = runner
        self._view = TerminalView(console)

    def play(self, messages: Sequence[SpokenMessage]) -> None:
        """Says each message and waits for its reply."""
        for message in messages:
            self._console.print(f"\n> {printable(message.text)}", style="bold", markup=False, highlight=False)
            self._runner.run(self._answer(message))

    def prompt(self, photos: Sequence[Path]) -> None:
        """Says what is typed until the input ends; an error is shown, and the next line can be typed."""
        self._console.print(HELP, style="dim", markup=False, highlight=False)
        attached = list(photos)
        while (line := self._next_line()) is not None:
            if line.startswith("/image "):
                attached.append(Path(line.removeprefix("/image ").strip()).expanduser())
            elif line.startswith("/"):
                self._console.print(HELP, style="dim", markup=False, highlight=False)
            elif line:
                self._answer_or_explain(SpokenMessage(line, tuple(attached)))
                attached = []

    def _next_line(self) -> str | None:
        try:
            line = self._console.input("\n[bold]> [/bold]").strip()
        except (EOFError, KeyboardInterrupt):
            return None
        return None if line == "/quit" else line

    def _answer_or_explain(self, message: SpokenMessage) -> None:
        try:
            self._runner.run(self._answer(message))
        except VisgateError as error:
            self._console.print(printable(str(error)), style="red", markup=False, highlight=False)
        except KeyboardInterrupt:
            self._console.print("stopped", style="red")

    async def _answer(self, message: SpokenMessage) -> None:
        try:
            async with aclosing(self._session.send(message)) as events:
                async for event in events:
                    self._view.show(event)
        finally:
            self._view.end()
