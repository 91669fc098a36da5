"""A small HTTP server that speaks the OpenAI chat-completions protocol, streaming, with the answers of a script.

It serves one answer a request, on loopback, and keeps the requests. It does not understand them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

Chunk = dict[str, Any]


@dataclass(frozen=True)
class Stream:
    """A streamed completion: chunks, and events that are waited for in between.

    Attributes:
        parts: what is sent; at an `asyncio.Event` the server waits until it is set.
        finish_reason: sent at the end; none for a completion that never says that it is finished.
        dropped: whether the connection is cut instead of ended.
    """

    parts: Sequence[Chunk | asyncio.Event]
    finish_reason: str | None = "stop"
    dropped: bool = False


@dataclass(frozen=True)
class Refusal:
    """An answer with an HTTP error status, or with a body that is not what was asked for."""

    status: int
    message: str


@dataclass(frozen=True)
class Raw:
    """A stream of bytes as they are."""

    body: bytes


Answer = Stream | Refusal | Raw


@dataclass
class ScriptedOpenAI:
    """The server; use it with `async with`, on the event loop of the test.

    Attributes:
        answers: what is still to be served, in order; a function makes the answer from the request's JSON body.
        requests: the JSON bodies of the requests so far.
        keys: the Authorization headers of the requests so far.
    """

    answers: list[Answer | Callable[[dict[str, Any]], Answer]]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request_line, headers = await _read_head(reader)
            body = await reader.readexactly(int(headers["content-length"]))
            if request_line.split()[:2] != ["POST", "/v1/chat/completions"]:
                await _send(writer, 404, "application/json", b"{}")
                return
            self.requests.append(json.loads(body))
            self.keys.append(headers.get("authorization", ""))
            answer = self.answers.pop(0)
            await self._answer(answer(self.requests[-1]) if callable(answer) else answer, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # The client has gone, as some tests want it to.
        finally:
            writer.close()

    async def _answer(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        match answer:
            case Refusal(status, message):
                body = json.dumps({"error": {"message": message, "type": "scripted", "code": None}}).encode()
                await _send(writer, status, "application/json", body)
            case Raw(body):
                await _send(writer, 200, "text/event-stream", body)
            case Stream():
                await _stream(writer, answer)


def text(content: str) -> Chunk:
    """A chunk with a piece of text."""
    return _chunk({"content": content})


def fragment(index: int, arguments: str = "", *, name: str | None = None, call_id: str | None = None) -> Chunk:
    """A chunk with a piece of a tool call; the first of a call carries its name and id."""
    function: dict[str, Any] = {"arguments": arguments}
    if name is not None:
        function["name"] = name
    call: dict[str, Any] = {"index": index, "function": function}
    if call_id is not None:
        call |= {"id": call_id, "type": "function"}
    return _chunk({"tool_calls": [call]})


def whole_call(index: int, name: str, call_id: str, **arguments: Any) -> list[Chunk]:
    """The chunks of one tool call, its arguments cut into pieces of three characters."""
    written = json.dumps(arguments)
    pieces = [written[start : start + 3] for start in range(0, len(written), 3)]
    return [fragment(index, name=name, call_id=call_id), *(fragment(index, piece) for piece in pieces)]


def _chunk(delta: dict[str, Any], finish_reason: str | None = None) -> Chunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
    }


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return request_line, {name.lower(): value.strip() for name, _, value in pairs}


async def _send(writer: asyncio.StreamWriter, status: int, media_type: str, body: bytes) -> None:
    # A retry that waits long would only slow the tests down.
    head = (
        f"HTTP/1.1 {status} Scripted\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
        "retry-after-ms: 1\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter, answer: Stream) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    for part in answer.parts:
        if isinstance(part, asyncio.Event):
            await asyncio.wait_for(part.wait(), timeout=10)
        else:
            await _write_event(writer, json.dumps(part))
    if answer.dropped:
        writer.transport.abort()
        return
    if answer.finish_reason is not None:
        await _write_event(writer, json.dumps(_chunk({}, answer.finish_reason)))
        await _write_event(writer, "[DONE]")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _write_event(writer: asyncio.StreamWriter, data: str) -> None:
    event = f"data: {data}\n\n".encode()
    writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
    await writer.drain()
