"""Sends a streaming model's pictures as files to a caller that asked for files; knows nothing about Triton.

Packing takes milliseconds, which are those of the thread that sends: a model's loop has no time for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from visgate_server.batching import as_answer
from visgate_server.errors import InvalidArgumentError, VisgateServerError
from visgate_server.model_spec import ModelSpec
from visgate_server.open_response import ResponseChannel
from visgate_server.picture_encoding import PictureFormat, read_picture_format, with_pictures_as


def packed_channel(
    spec: ModelSpec, tensors: Mapping[str, NDArray[Any]], channel: ResponseChannel
) -> tuple[ResponseChannel, InvalidArgumentError | None]:
    """A request's channel as its tensors ask for it, and what is wrong with how they ask."""
    try:
        wanted = read_picture_format(spec, tensors)
    except InvalidArgumentError as error:
        return channel, error
    return (channel if wanted.is_raw else _PackedChannel(spec, wanted, channel)), None


class _PackedChannel:
    """A `ResponseChannel` whose pictures go on as files."""

    def __init__(self, spec: ModelSpec, wanted: PictureFormat, channel: ResponseChannel) -> None:
        self._spec = spec
        self._wanted = wanted
        self._channel = channel

    def send(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._channel.send(with_pictures_as(self._wanted, self._spec, tensors))

    def finish(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        try:
            packed = with_pictures_as(self._wanted, self._spec, tensors)
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller waits for an answer
            self._channel.fail(as_answer(error))
        else:
            self._channel.finish(packed)

    def fail(self, error: VisgateServerError) -> None:
        self._channel.fail(error)

    def is_cancelled(self) -> bool:
        return self._channel.is_cancelled()
