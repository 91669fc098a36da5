"""The thin gRPC client of a visgate server: finds its tools, calls them, and knows none of them by name.

`VisionClient` blocks, `AsyncVisionClient` is awaited; beyond that they are the same. What can go wrong is
drawn in `visgate_client.errors`.
"""

from visgate_client._async_client import AsyncVisionClient
from visgate_client._cancellation import Cancellation
from visgate_client._client import VisionClient
from visgate_client._pictures import read_picture
from visgate_client._results import Progress, Times, ToolResult
from visgate_client._retries import Retries
from visgate_client._security import Security
from visgate_client._statistics import ModelStatistics
from visgate_client._steps import AsyncResponseStream, AsyncTransport, ResponseStream, Rpc, Transport
from visgate_client._tools import Tool, ToolInput, ToolOutput
from visgate_client.errors import (
    AccessError,
    ArgumentError,
    CallCancelledError,
    ClientStateError,
    ConnectError,
    DeadlineError,
    PictureArrayError,
    PictureError,
    PictureFileError,
    PictureFormatError,
    PictureTooLargeError,
    ServerBusyError,
    ServerError,
    ServerLostError,
    UnknownModelError,
    UnknownToolError,
    VisgateError,
)

__all__ = [
    "AccessError",
    "ArgumentError",
    "AsyncResponseStream",
    "AsyncTransport",
    "AsyncVisionClient",
    "CallCancelledError",
    "Cancellation",
    "ClientStateError",
    "ConnectError",
    "DeadlineError",
    "ModelStatistics",
    "PictureArrayError",
    "PictureError",
    "PictureFileError",
    "PictureFormatError",
    "PictureTooLargeError",
    "Progress",
    "ResponseStream",
    "Retries",
    "Rpc",
    "Security",
    "ServerBusyError",
    "ServerError",
    "ServerLostError",
    "Times",
    "Tool",
    "ToolInput",
    "ToolOutput",
    "ToolResult",
    "Transport",
    "UnknownModelError",
    "UnknownToolError",
    "VisgateError",
    "VisionClient",
    "read_picture",
]
