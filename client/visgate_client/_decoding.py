"""Turns Triton's response message into arrays and arrays into a tool's result; receives nothing itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tritonclient.utils import deserialize_bytes_tensor, triton_to_np_dtype

from visgate_client._lease import Lease
from visgate_client._picture_files import unpack_picture
from visgate_client._results import Progress, Times, ToolResult
from visgate_client._tools import OutputKind, Tool, ToolOutput
from visgate_client.errors import PictureError, ServerError

Arrays = Mapping[str, npt.NDArray[Any]]


def read_response(response: Any, lease: Lease) -> dict[str, npt.NDArray[Any]]:
    """Returns a response's outputs by name, read-only.

    Args:
        response: a ModelInferResponse.
        lease: the shared memory that its request was given.

    Raises:
        ServerError: an output's bytes do not fit its shape.
    """
    arrays = {}
    for index, output in enumerate(response.outputs):
        shape = tuple(output.shape)
        try:
            if output.name in lease.outputs:
                array = lease.read(output.name, triton_to_np_dtype(output.datatype), shape)
            elif output.datatype == "BYTES":
                array = deserialize_bytes_tensor(response.raw_output_contents[index]).reshape(shape)
            else:
                dtype = triton_to_np_dtype(output.datatype)
                array = np.frombuffer(response.raw_output_contents[index], dtype=dtype).reshape(shape)
        except (ValueError, TypeError, IndexError) as error:
            raise broken_contract(
                response.model_name, f"{output.name} ({output.datatype} {shape}) cannot be read: {error}"
            ) from error
        array.flags.writeable = False
        arrays[output.name] = array
    return arrays


def unpack_pictures(tool: Tool, arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Returns a result's outputs with pixels in place of files.

    Raises:
        ServerError: a file is no picture.
    """
    pixels = {
        output.tensor: _unpacked(tool, output, arrays[output.file_tensor])
        for output in tool.outputs
        if output.file_tensor and output.file_tensor in arrays
    }
    return {**arrays, **pixels}


def read_result(tool: Tool, arrays: Arrays, times: Times) -> ToolResult:
    """Makes a tool's result of the outputs that its model gave.

    A picture without pixels is left out: not every call has every picture.

    Raises:
        ServerError: an output that the tool declares is missing, or is not what the wire contract says.
    """
    pictures = {}
    texts: list[str] = []
    data: list[Any] = []
    for output in tool.wanted(watched=False):
        if output.kind == "times":
            continue
        if output.tensor not in arrays:
            # Taken for an empty answer, this would be a wrong one: nothing found, where something was.
            raise broken_contract(tool.model, f"it declares {output.tensor} and did not send it")
        array = arrays[output.tensor]
        if not array.size:
            continue
        if output.kind == "picture":
            pictures[output.tensor.lower()] = _picture(tool, output, array)
        elif output.kind == "text":
            texts.append(_string(tool, output, array))
        elif output.kind == "data":
            data.append(_json(tool, output, array))
    return ToolResult(
        tool=tool.name,
        text=texts[0] if texts else "",
        data=data[0] if data else None,
        arrays=pictures,
        times=times,
    )


def read_progress(tool: Tool, arrays: Arrays) -> Progress | None:
    """Reads a response that comes ahead of the result, or returns None for one that is no such response.

    Raises:
        ServerError: the progress or its preview is not what the wire contract says.
    """
    output = _output(tool, "progress")
    counted = None if output is None else arrays.get(output.tensor)
    if output is None or counted is None or not counted.size:
        return None
    if counted.shape != (1, 2) or counted.dtype.kind != "i":
        raise broken_contract(tool.model, f"{output.tensor} is {counted.dtype} {counted.shape}, not INT32 [1, 2]")
    step, of = (int(value) for value in counted[0])
    shown = _output(tool, "preview")
    preview = None if shown is None else arrays.get(shown.tensor)
    if preview is None and shown is not None and shown.file_tensor in arrays:
        preview = _unpacked(tool, shown, arrays[shown.file_tensor])
    if shown is None or preview is None or not preview.size:
        return Progress(step, of)
    return Progress(step, of, _picture(tool, shown, preview))


class Clocked(NamedTuple):
    """What the client measured of one call.

    Attributes:
        sent_ns: unix time in ns when the request was sent.
        total_ms: what the call took in all.
        serialise_ms: what making the request and reading the answer took.
        round_trip_ms: from sending the request to receiving the answer.
        same_clock: the server is on this host, so that its clock can be compared with `sent_ns`.
    """

    sent_ns: int
    total_ms: float
    serialise_ms: float
    round_trip_ms: float
    same_clock: bool


def read_times(tool: Tool, arrays: Arrays, clocked: Clocked) -> Times:
    """Reads what the server measured, and puts it beside what the client did.

    Raises:
        ServerError: the times are not what the wire contract says.
    """
    output = _output(tool, "times")
    measured = None if output is None else arrays.get(output.tensor)
    total_ms, serialise_ms, round_trip_ms = clocked.total_ms, clocked.serialise_ms, clocked.round_trip_ms
    if output is None or measured is None:
        return Times(total_ms, serialise_ms=serialise_ms)
    if measured.shape != (1, 3) or measured.dtype.kind != "i":
        raise broken_contract(tool.model, f"{output.tensor} is {measured.dtype} {measured.shape}, not INT64 [1, 3]")
    started_ns, compute_ns, rows = (int(value) for value in measured[0])
    if not clocked.same_clock:
        wire_ms = max(0.0, round_trip_ms - compute_ns / 1e6)
        return Times(total_ms, None, compute_ns / 1e6, rows, None, serialise_ms, wire_ms)
    if started_ns < clocked.sent_ns:
        # It ran before it was asked for: this is the answer to an earlier request, out of the cache.
        return Times(total_ms, None, 0.0, None, True, serialise_ms, round_trip_ms)
    queue_ms = (started_ns - clocked.sent_ns) / 1e6
    wire_ms = max(0.0, round_trip_ms - queue_ms - compute_ns / 1e6)
    return Times(total_ms, queue_ms, compute_ns / 1e6, rows, False, serialise_ms, wire_ms)


def _output(tool: Tool, kind: OutputKind) -> ToolOutput | None:
    return next((output for output in tool.outputs if output.kind == kind), None)


def _unpacked(tool: Tool, output: ToolOutput, file: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    content = file.reshape(-1)[0] if file.shape == (1, 1) else None
    if not isinstance(content, bytes):
        raise broken_contract(tool.model, f"{output.file_tensor} is {file.dtype} {file.shape}, not BYTES [1, 1]")
    try:
        return unpack_picture(content, output.channels)
    except PictureError as error:
        raise broken_contract(tool.model, f"{output.file_tensor} is no picture's file ({error})") from error


def _picture(tool: Tool, output: ToolOutput, array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[0] != 1 or array.shape[3] not in (1, 3, 4):
        raise broken_contract(tool.model, f"{output.tensor} is {array.dtype} {array.shape}, not UINT8 [1, H, W, 1|3|4]")
    return array[0, :, :, 0] if array.shape[3] == 1 else array[0]


def _string(tool: Tool, output: ToolOutput, array: npt.NDArray[Any]) -> str:
    value = array.reshape(-1)[0]
    if not isinstance(value, bytes):
        raise broken_contract(tool.model, f"{output.tensor} is {array.dtype}, not BYTES")
    return value.decode("utf-8", errors="replace")


def _json(tool: Tool, output: ToolOutput, array: npt.NDArray[Any]) -> Any:
    try:
        return json.loads(_string(tool, output, array))
    except ValueError as error:
        raise broken_contract(tool.model, f"{output.tensor} is no JSON: {error}") from error


def broken_contract(model: str, reason: str) -> ServerError:
    """Returns the error for a model whose answer is not what the wire contract says."""
    return ServerError(
        f"model {model} broke the wire contract: {reason}; look at the model, the call was right",
        model=model,
        reason=reason,
    )
