"""Turns a tool's arguments into tensors and tensors into Triton's request message; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2
from tritonclient.utils import np_to_triton_dtype, serialize_byte_tensor, triton_to_np_dtype

from visgate_client._lease import Lease
from visgate_client._picture_files import PicturePacking, pack_picture
from visgate_client._pictures import MAX_PIXELS, read_picture
from visgate_client._schema import path_of
from visgate_client._shared_memory import Region
from visgate_client._tools import PICTURE_DATATYPE, Tool, ToolInput
from visgate_client.errors import ArgumentError


class Tensor(NamedTuple):
    """One input of a request.

    Attributes:
        name: the model's name for it.
        datatype: its Triton datatype.
        values: the array, of any strides; for BYTES an array of objects.
    """

    name: str
    datatype: str
    values: npt.NDArray[Any]

    @property
    def byte_size(self) -> int:
        """Its size on the wire, which BYTES tell only when they are written."""
        return 0 if self.datatype == "BYTES" else self.values.nbytes

    def to_bytes(self) -> bytes:
        """Returns the tensor as KServe's raw contents."""
        if self.datatype == "BYTES":
            serialised = serialize_byte_tensor(self.values)
            return serialised.item() if serialised.size else b""
        return self.values.tobytes()


_RAW = PicturePacking()


def encode_arguments(
    tool: Tool, values: Mapping[str, Any], *, watched: bool = False, packing: PicturePacking = _RAW
) -> list[Tensor]:
    """Makes every tensor that a call of a tool sends, constants included; reads and decodes pictures, or packs them.

    Args:
        tool: the tool.
        values: checked values by argument, as `check_arguments` returns them.
        watched: whether the caller wants to see the progress of a tool that streams.
        packing: whether pictures go as pixels or as files, which the tool then has to take.

    Raises:
        PictureError: a picture cannot be read.
        ArgumentError: a number does not fit its tensor's type.
    """
    tensors = [
        _encode(item, _constant(item, watched) if item.argument is None else values[item.argument], packing)
        for item in tool.inputs
        if item.argument is None or item.argument in values
    ]
    if not packing.is_raw and tool.picture_format_tensor:
        tensors.append(_text_tensor(tool.picture_format_tensor, packing.as_text().encode()))
    return tensors


def encode_arrays(inputs: Mapping[str, npt.ArrayLike]) -> list[Tensor]:
    """Makes the tensors of a raw request from arrays whose types say their Triton datatype.

    Raises:
        ArgumentError: Triton has no datatype for an array's type.
    """
    return [_raw_tensor(name, given) for name, given in inputs.items()]


def picture_pixels(tensors: Iterable[Tensor]) -> int:
    """Returns how many pixels a request's pictures have in all."""
    return sum(tensor.values.nbytes // 3 for tensor in tensors if tensor.datatype == PICTURE_DATATYPE)


def build_request(
    model: str,
    tensors: Iterable[Tensor],
    outputs: Iterable[str],
    *,
    timeout: float | None,
    lease: Lease,
) -> Any:
    """Builds the ModelInferRequest.

    Args:
        model: the model's name.
        tensors: its inputs.
        outputs: the outputs wanted; none named means all.
        timeout: seconds that the request may wait in the model's queue, or None for the server's own limit.
        lease: shared memory, with the inputs in it that it has room for; the server is to put outputs there.
    """
    request = service_pb2.ModelInferRequest(model_name=model)
    for tensor in tensors:
        item = request.inputs.add(name=tensor.name, datatype=tensor.datatype)
        item.shape.extend(tensor.values.shape)
        placement = lease.inputs.get(tensor.name)
        if placement is None:
            request.raw_input_contents.append(tensor.to_bytes())
        else:
            _refer(item, placement.region, tensor.byte_size, placement.offset)
    for name in outputs:
        item = request.outputs.add(name=name)
        if name in lease.outputs:
            _refer(item, lease.outputs[name], lease.outputs[name].byte_size)
    if timeout is not None:
        request.parameters["timeout"].int64_param = max(1, int(timeout * 1_000_000))
    return request


def _refer(item: Any, region: Region, byte_size: int, offset: int = 0) -> None:
    item.parameters["shared_memory_region"].string_param = region.name
    item.parameters["shared_memory_byte_size"].int64_param = byte_size
    if offset:
        item.parameters["shared_memory_offset"].int64_param = offset


def _raw_tensor(name: str, given: npt.ArrayLike) -> Tensor:
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise _unsendable(name, f"the values make no array ({error})") from error
    if array.dtype.kind == "U":
        array = array.astype(np.object_)
    datatype = np_to_triton_dtype(array.dtype)
    if datatype is None:
        raise _unsendable(name, f"an array of {array.dtype} cannot be sent")
    return Tensor(name, datatype, array)


def _unsendable(name: str, reason: str) -> ArgumentError:
    expected = "an array of numbers, booleans, bytes or text"
    return ArgumentError(f"inputs.{name}: {reason}; give {expected}", path=f"inputs.{name}", expected=expected)


def _constant(item: ToolInput, watched: bool) -> str | float | bool | None:
    return item.stream_constant if watched and item.stream_constant is not None else item.constant


def _encode(item: ToolInput, value: Any, packing: PicturePacking) -> Tensor:
    path = path_of(item.argument) if item.argument is not None else f"constants.{item.tensor}"
    if item.datatype == PICTURE_DATATYPE:
        max_pixels = item.max_pixels or MAX_PIXELS
        if not packing.is_raw:
            file = pack_picture(value, packing, exact=item.exact, path=path, max_pixels=max_pixels)
            return _text_tensor(item.file_tensor, file)
        picture = read_picture(value, path=path, max_pixels=max_pixels)
        return Tensor(item.tensor, item.datatype, picture[np.newaxis])
    if item.datatype == "BYTES":
        return _text_tensor(item.tensor, str(value).encode())
    return Tensor(item.tensor, item.datatype, _number(item.datatype, value, path))


def _text_tensor(name: str, content: bytes) -> Tensor:
    return Tensor(name, "BYTES", np.array([[content]], dtype=np.object_))


def _number(datatype: str, value: Any, path: str) -> npt.NDArray[Any]:
    """Returns a number as [1, 1] of the tensor's own type, refusing one that would change its value there."""
    dtype = np.dtype(triton_to_np_dtype(datatype))
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype) if dtype.kind == "f" else None
    if limits is not None and not float(limits.min) <= value <= float(limits.max):
        expected = f"a number from {limits.min} to {limits.max}"
        raise ArgumentError(
            f"{path}: {value} is too large for {datatype}; give {expected}", path=path, expected=expected
        )
    return np.array([[value]], dtype=dtype)
