"""The demo: one conversation about free photos through the same loop as every chat, and a page that shows it.

Run it as `python -m visgate_agent.demo` against a server that is up; `make demo` starts one first.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import click
from rich.console import Console

from visgate_agent.chat_models import open_chat_model
from visgate_agent.command_errors import exit_status
from visgate_agent.demo_script import MESSAGES, PHOTOS, DemoMessage, write_photo
from visgate_agent.errors import DemoError, PictureStoreError
from visgate_agent.options import model_option, server_option
from visgate_agent.picture_names import is_picture_name
from visgate_agent.report_page import report_page
from visgate_agent.session import Session, SpokenMessage
from visgate_agent.terminal import TerminalView
from visgate_agent.transcript import FILE_NAME, Transcript
from visgate_client import AsyncVisionClient

MINIMUM_CALLS = 6
PAGE_NAME = "index.html"
TITLE = "A conversation about pictures"


async def hold_conversation(
    server: str, model: str | None, output: Path, console: Console, environment: Mapping[str, str]
) -> Transcript:
    """Holds the demo's conversation and writes every picture, the transcript and the page into a folder.

    Raises:
        DemoError: a step failed, or there were too few.
        VisgateError: the conversation could not go on.
    """
    remove_earlier_demo(output)
    async with (
        AsyncVisionClient(server) as vision,
        open_chat_model(vision, model, environment) as chat_model,
    ):
        console.print(f"{len(await vision.tools())} tools at {server}", style="dim", highlight=False)
        console.print(chat_model.introduction, style="dim", markup=False, highlight=False)
        session = Session(vision, chat_model, output, server)
        try:
            for number, message in enumerate(MESSAGES, start=1):
                console.rule(f"{number} of {len(MESSAGES)}", align="left", style="dim")
                await _say(message, session, console)
        finally:
            # What went wrong is easiest to see on the page.
            _write_page(session.transcript, output)
    check(session.transcript)
    return session.transcript


def check(transcript: Transcript) -> None:
    """Sees whether the conversation was what the demo promises.

    Raises:
        DemoError: a step failed, or fewer than `MINIMUM_CALLS` succeeded.
    """
    for step in transcript.steps:
        if step.error is not None:
            raise DemoError(f"{step.tool} failed: {step.error}")
    if len(transcript.steps) < MINIMUM_CALLS:
        raise DemoError(
            f"only {len(transcript.steps)} tool calls were made and {MINIMUM_CALLS} are needed: "
            f"{transcript.chat_model} did not do all that it was asked"
        )


def remove_earlier_demo(output: Path) -> None:
    """Removes what an earlier demo left in the folder, and nothing else."""
    for file in output.iterdir() if output.is_dir() else ():
        if file.is_file() and (file.name in (PAGE_NAME, FILE_NAME) or is_picture_name(file.name)):
            file.unlink()


async def _say(message: DemoMessage, session: Session, console: Console) -> None:
    console.print(f"> {message.text}", style="bold", markup=False, highlight=False)
    view = TerminalView(console)
    with tempfile.TemporaryDirectory() as folder:
        photos = () if message.photo is None else (write_photo(message.photo, Path(folder)),)
        try:
            async with aclosing(session.send(SpokenMessage(message.text, photos))) as events:
                async for event in events:
                    view.show(event)
        finally:
            view.end()


def _write_page(transcript: Transcript, output: Path) -> None:
    credits_ = [f"Photo: {photo.credit}" for photo in PHOTOS]
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / PAGE_NAME).write_text(report_page(transcript, output, TITLE, credits_), encoding="utf-8")
    except OSError as error:
        raise PictureStoreError(f"cannot write {output / PAGE_NAME}: {error.strerror or error}") from error


@click.command()
@server_option
@model_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default="demo_output",
    show_default=True,
    help="Folder for the pictures, the page and the transcript.",
)
def demo(server: str, model: str | None, output: Path) -> None:
    """Hold one conversation about free photos and leave a page that shows it."""
    console = Console()
    transcript = asyncio.run(hold_conversation(server, model, output, console, os.environ))
    seconds = sum(step.total_ms or 0 for step in transcript.steps) / 1000
    console.rule(style="dim")
    console.print(f"{len(transcript.steps)} tool calls, {seconds:.1f} s in tools", highlight=False)
    console.print(f"Look at {(output / PAGE_NAME).resolve()}", style="bold", markup=False, highlight=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the demo and exits; the status is 0 only if every step succeeded."""
    sys.exit(exit_status("demo", lambda: demo.main(arguments, prog_name="demo", standalone_mode=False)))


if __name__ == "__main__":
    main()
