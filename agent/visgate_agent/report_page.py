"""Draws a transcript as one HTML page that needs nothing but the session's picture files beside it, and not even those.

Small versions of the pictures are inside the page; each links to the full one. Everything that came from a person, a
chat model, a tool or a picture is escaped.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from visgate_agent.report_style import STYLE
from visgate_agent.transcript import Step, Transcript, Turn

PREVIEW_SIDE = 560
"""Pixels of the longer side of the pictures inside the page: sharp at the width that the page shows them at."""

_MAX_DATA = 3000


def report_page(transcript: Transcript, folder: Path, title: str, notes: Iterable[str] = ()) -> str:
    """The page as HTML text.

    Args:
        transcript: what to show.
        folder: where the session's pictures lie.
        title: the page's heading.
        notes: sentences for the foot of the page, such as where photos come from.
    """
    steps = transcript.steps
    facts = (
        ("answered by", transcript.chat_model),
        ("tool calls", str(len(steps))),
        ("time in tools", _milliseconds(sum(step.total_ms or 0 for step in steps))),
        ("started", transcript.started),
    )
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    turns = "".join(_turn(turn, folder) for turn in transcript.turns)
    foot = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # No script, no request: should anything ever slip through unescaped, it finds nothing to do.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{escape(title)}</h1><dl>{listed}</dl></header>\n{turns}"
        f"<section class=times><h2>Where the time went</h2>{_times(steps)}</section>\n"
        f"<footer>{foot}</footer>\n</main>\n</body>\n</html>\n"
    )


def _turn(turn: Turn, folder: Path) -> str:
    said = f"<div class=user><p>{escape(turn.message)}</p>{_pictures(turn.pictures, folder)}</div>"
    steps = "".join(_step(step, folder) for step in turn.steps)
    reply = f"<div class=reply><p>{escape(turn.reply)}</p></div>" if turn.reply else ""
    error = f"<div class=error><p>{escape(turn.error)}</p></div>" if turn.error else ""
    return f"<section class=turn>{said}{steps}{reply}{error}</section>\n"


def _step(step: Step, folder: Path) -> str:
    said = f"<p class=said>{escape(step.said)}</p>" if step.said.strip() else ""
    arguments = " ".join(
        f"<span><b>{escape(name)}</b> {escape(_plain(value))}</span>" for name, value in step.arguments.items()
    )
    head = f"<div class=call><code>{escape(step.tool)}</code>{arguments}<time>{_step_times(step)}</time></div>"
    if step.error is not None:
        return f"<article class=failed>{said}{head}<p class=error>{escape(step.error)}</p></article>"
    text = f"<p>{escape(step.text)}</p>" if step.text else ""
    return f"<article>{said}{head}{text}{_pictures(step.images, folder)}{_data(step.data)}</article>"


def _data(data: Any) -> str:
    if data in (None, {}, []):
        return ""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    shown = text if len(text) <= _MAX_DATA else text[:_MAX_DATA] + "\n… (all of it is in transcript.json)"
    return f"<details><summary>data</summary><pre>{escape(shown)}</pre></details>"


def _pictures(names: Iterable[str], folder: Path) -> str:
    figures = "".join(_picture(folder / name) for name in names)
    return f"<div class=pictures>{figures}</div>" if figures else ""


def _picture(file: Path) -> str:
    source = f"data:image/webp;base64,{base64.b64encode(_preview(file)).decode()}"
    name = escape(file.name)
    with Image.open(file) as picture:
        size = f"{picture.width} × {picture.height}"
    return (
        f'<figure><a href="{quote(file.name)}"><img src="{source}" alt="{name}"></a>'
        f"<figcaption>{name} <span>{size}</span></figcaption></figure>"
    )


def _preview(file: Path) -> bytes:
    """A WebP of at most `PREVIEW_SIDE` pixels a side; transparency stays."""
    with Image.open(file) as picture:
        small = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format="WEBP", quality=82)
    return buffer.getvalue()


def _times(steps: Iterable[Step]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(step.tool)}</code></td><td>{_milliseconds(step.queue_ms)}</td>"
        f"<td>{_milliseconds(step.compute_ms)}</td><td>{_milliseconds(step.total_ms)}</td></tr>"
        for step in steps
    )
    heads = "<tr><th>tool</th><th>waiting</th><th>computing</th><th>in all</th></tr>"
    return f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>"


def _step_times(step: Step) -> str:
    if step.total_ms is None:
        return ""
    return _milliseconds(step.total_ms) + (" (cached)" if step.cached else "")


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
