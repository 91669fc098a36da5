"""The `visgate` command: lists tools, calls one, and holds a conversation."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from visgate_agent.call_arguments import parse_call
from visgate_agent.chat import ChatSettings, chat_in_terminal
from visgate_agent.chat_models import open_chat_model
from visgate_agent.command_errors import exit_status
from visgate_agent.options import json_option, model_option, server_option
from visgate_agent.progress_bars import ProgressBars
from visgate_agent.recorded_model import RecordedChatModel, recorded_messages
from visgate_agent.result_files import save_pictures
from visgate_agent.session import SpokenMessage
from visgate_agent.terminal import printable, times_in_words
from visgate_agent.transcript import load_transcript
from visgate_agent.vision import VisionServer, call_watched
from visgate_client import AsyncVisionClient, Tool, ToolResult, UnknownToolError

Connect = Callable[[str], AbstractAsyncContextManager[VisionServer]]
"""Opens a connection to the server at HOST:PORT."""

_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Talk to the vision tools of a visgate server."""


@commands.command("tools")
@server_option
@json_option
@click.pass_obj
def list_tools(connect: Connect, server: str, as_json: bool) -> None:
    """List the tools that the server offers."""

    async def ask() -> tuple[Tool, ...]:
        async with connect(server) as vision:
            return await vision.tools()

    tools = asyncio.run(ask())
    if as_json:
        _print_json([_tool_as_json(tool) for tool in tools])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("tool", "arguments", "what it does"):
        table.add_column(column, overflow="fold")
    for tool in tools:
        first_sentence = tool.description.split(". ")[0].rstrip(".") + "."
        table.add_row(Text(tool.name, "cyan"), Text(", ".join(tool.properties)), Text(first_sentence))
    Console().print(table)


@commands.command("call")
@click.argument("tool")
@click.option("--image", type=_file, help="The picture: the tool's first picture argument.")
@click.option("--argument", "settings", metavar="KEY=VALUE", multiple=True, help="Another argument; may be repeated.")
@click.option("--output", type=_folder, default="visgate_output", show_default=True, help="Folder for pictures.")
@server_option
@json_option
@click.pass_obj
def call_tool(
    connect: Connect,
    tool: str,
    image: Path | None,
    settings: Sequence[str],
    output: Path,
    server: str,
    as_json: bool,
) -> None:
    """Call TOOL once, print what it says and keep its pictures."""
    bars = ProgressBars(Console(stderr=True))

    async def call() -> ToolResult:
        async with connect(server) as vision:
            known = {each.name: each for each in await vision.tools()}
            if tool not in known:
                names = ", ".join(known) or "none"
                raise UnknownToolError(f"the server has no tool {tool!r}; its tools are {names}")
            arguments = parse_call(known[tool], image, settings)
            if as_json:
                return await vision.call(tool, arguments)
            return await call_watched(
                vision, known[tool], arguments, lambda progress: bars.show(tool, printable(tool), progress)
            )

    try:
        result = asyncio.run(call())
    finally:
        bars.hide()
    files = save_pictures(result, output, image.stem if image else "")
    if as_json:
        _print_json(_result_as_json(result, files))
        return
    if result.text:
        click.echo(printable(result.text))
    for name, file in files.items():
        click.echo(f"{name}: {file}")
    click.echo(times_in_words(result.times))


@commands.command("chat")
@click.argument("messages", metavar="[MESSAGE]...", nargs=-1)
@click.option("--image", "images", type=_file, multiple=True, help="A photo for the first message; may be repeated.")
@model_option
@click.option("--output", type=_folder, help="Folder for pictures and transcript.json; a new one if left out.")
@server_option
@click.pass_obj
def chat(
    connect: Connect,
    messages: Sequence[str],
    images: Sequence[Path],
    model: str | None,
    output: Path | None,
    server: str,
) -> None:
    """Talk about pictures: say each MESSAGE in order, or, with none, whatever is typed.

    With OPENAI_API_KEY set a language model answers, at OPENAI_BASE_URL if that is set. Without, the offline planner
    does, which is no language model.
    """
    first, rest = messages[:1], messages[1:]
    spoken = [*(SpokenMessage(text, tuple(images)) for text in first), *map(SpokenMessage, rest)]
    settings = ChatSettings(server, output, tuple(spoken), tuple(images))
    chat_in_terminal(connect(server), lambda vision: open_chat_model(vision, model, os.environ), settings, Console())


@commands.command("replay")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=_folder, help="Folder for the new pictures and transcript; a new one if left out.")
@server_option
@click.pass_obj
def replay(connect: Connect, folder: Path, output: Path | None, server: str) -> None:
    """Repeat the talk that a session left in FOLDER: the same words and calls, with the tools called anew."""
    transcript = load_transcript(folder)
    settings = ChatSettings(server, output, recorded_messages(transcript, folder))
    chat_in_terminal(connect(server), lambda _: nullcontext(RecordedChatModel(transcript)), settings, Console())


def main(arguments: Sequence[str] | None = None, connect: Connect = AsyncVisionClient) -> None:
    """Runs the command and exits; an error is one line on stderr and a status that is not 0."""
    sys.exit(
        exit_status(
            "visgate",
            lambda: commands.main(arguments, prog_name="visgate", standalone_mode=False, obj=connect),
        )
    )


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _tool_as_json(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "parameters": tool.parameters,
        "examples": tool.examples,
        "model": tool.model,
        "streams": tool.streams,
    }


def _result_as_json(result: ToolResult, files: dict[str, Path]) -> dict[str, Any]:
    times = result.times
    return {
        "tool": result.tool,
        "text": result.text,
        "data": result.data,
        "images": {name: str(file) for name, file in files.items()},
        "times": {
            "total_ms": times.total_ms,
            "queue_ms": times.queue_ms,
            "compute_ms": times.compute_ms,
            "batch_size": times.batch_size,
            "cached": times.cached,
        },
    }
