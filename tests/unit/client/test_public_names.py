"""What other programs may rely on."""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

import pytest

import visgate_client
from visgate_client import AsyncVisionClient, VisionClient, errors

NAMES = """
    AccessError ArgumentError AsyncResponseStream AsyncTransport AsyncVisionClient CallCancelledError Cancellation
    ClientStateError Retries Rpc Security
    ConnectError DeadlineError ModelStatistics PictureArrayError PictureError PictureFileError PictureFormatError
    PictureTooLargeError Progress ResponseStream ServerBusyError ServerError ServerLostError Times Tool ToolInput
    ToolOutput ToolResult Transport UnknownModelError UnknownToolError VisgateError VisionClient read_picture
"""


def test_the_public_names_are_these() -> None:
    assert sorted(visgate_client.__all__) == sorted(NAMES.split())
    for name in visgate_client.__all__:
        assert inspect.getdoc(getattr(visgate_client, name)), f"{name} says nothing about itself"


def test_types_are_shipped() -> None:
    assert files("visgate_client").joinpath("py.typed").is_file()


def public_methods(client: type) -> dict[str, object]:
    return {name: member for name, member in vars(client).items() if callable(member) and not name.startswith("_")}


def test_both_clients_have_the_same_methods() -> None:
    assert public_methods(VisionClient).keys() == public_methods(AsyncVisionClient).keys()
    assert {"__enter__", "__exit__"} <= vars(VisionClient).keys()
    assert {"__aenter__", "__aexit__"} <= vars(AsyncVisionClient).keys()


@pytest.mark.parametrize("name", sorted(public_methods(VisionClient).keys() - {"stream"}))
def test_both_clients_take_and_return_the_same(name: str) -> None:
    blocking, awaited = getattr(VisionClient, name), getattr(AsyncVisionClient, name)
    assert inspect.signature(blocking) == inspect.signature(awaited)
    assert inspect.iscoroutinefunction(awaited)
    assert not inspect.iscoroutinefunction(blocking)


def test_both_clients_stream_the_same() -> None:
    blocking, awaited = inspect.signature(VisionClient.stream), inspect.signature(AsyncVisionClient.stream)
    assert blocking.parameters == awaited.parameters
    assert blocking.return_annotation == "Generator[Progress | ToolResult, None, None]"
    assert awaited.return_annotation == "AsyncGenerator[Progress | ToolResult, None]"


def test_both_clients_are_made_alike() -> None:
    blocking = dict(inspect.signature(VisionClient).parameters)
    awaited = dict(inspect.signature(AsyncVisionClient).parameters)
    assert blocking.pop("transport").annotation == "Transport | None"
    assert awaited.pop("transport").annotation == "AsyncTransport | None"
    assert blocking == awaited


def test_the_error_tree_is_as_drawn() -> None:
    """Each line of the drawing is a class, and its indent says whose child it is."""
    parents: list[str] = []
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([ │├└─]*)([A-Z]\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            del parents[depth:]
            drawn[found[2]] = parents[-1] if parents else "Exception"
            parents.append(found[2])
    real = {
        name: member.__bases__[0].__name__
        for name, member in vars(errors).items()
        if inspect.isclass(member) and issubclass(member, Exception)
    }
    assert drawn == real
    assert real.keys() <= set(visgate_client.__all__)
