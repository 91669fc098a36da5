"""Everything that can go wrong in a call, one class per cause; knows nothing about gRPC.

The tree::

    VisgateError
    ├── ArgumentError               an argument is missing, unknown, of the wrong type or out of range
    │   └── PictureError            an argument that should be a picture is not one that can be sent
    │       ├── PictureFileError        no such file, a directory, no permission
    │       ├── PictureFormatError      empty, truncated, or in no picture format that is read here
    │       ├── PictureArrayError       an array of the wrong type, rank or channel count
    │       └── PictureTooLargeError    more pixels than are accepted
    ├── UnknownToolError            no model that is ready offers this tool
    ├── UnknownModelError           the server has no such model, or it is not loaded
    ├── ConnectError                nothing that speaks Triton's protocol answers at the address
    ├── AccessError                 the server asks for a token or a certificate that this client has not shown
    ├── ServerLostError             the server went away while the call was under way
    ├── DeadlineError               the time given for the call ran out
    ├── ServerBusyError             the model's queue is full: try again later
    ├── CallCancelledError          the call was cancelled, or the client closed, while it was under way
    ├── ServerError                 the model failed, or its answer cannot be understood
    └── ClientStateError            the client is closed, or belongs to another event loop
"""

from __future__ import annotations


class VisgateError(Exception):
    """The root of the tree: catch it to catch every error of this package."""


class ArgumentError(VisgateError):
    """An argument is missing, unknown, of the wrong type or out of range; nothing was run.

    Attributes:
        path: which argument, as in ``arguments.threshold``; empty when the server did not say.
        expected: what would have been right, as in ``a number from 0 to 1``; may be empty.
    """

    def __init__(self, message: str, *, path: str = "", expected: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.expected = expected


class PictureError(ArgumentError):
    """An argument that should be a picture is not one that can be sent."""


class PictureFileError(PictureError):
    """The picture's file does not exist, is not a file, or may not be read."""


class PictureFormatError(PictureError):
    """The picture's bytes are empty, cut short, damaged, or in no format that is read here."""


class PictureArrayError(PictureError):
    """The picture's array has the wrong type, rank or channel count, or no pixels."""


class PictureTooLargeError(PictureError):
    """The picture has more pixels than the tool or this client accepts; it was not decoded."""


class UnknownToolError(VisgateError):
    """No model that is ready offers this tool.

    Attributes:
        name: the name that was asked for.
        near: names of existing tools that resemble it, best first.
    """

    def __init__(self, message: str, *, name: str = "", near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.name = name
        self.near = near


class UnknownModelError(VisgateError):
    """The server has no such model, or the model is not loaded.

    Attributes:
        model: the name that was asked for.
    """

    def __init__(self, message: str, *, model: str = "") -> None:
        super().__init__(message)
        self.model = model


class ConnectError(VisgateError):
    """Nothing that speaks Triton's gRPC protocol answers at the address; nothing was run."""


class AccessError(VisgateError):
    """The server does not let this client do what it asked: a token or a certificate is missing or wrong."""


class ServerLostError(VisgateError):
    """The server went away while the call was under way; whether the call ran is not known."""


class DeadlineError(VisgateError):
    """The time given for the call ran out before the answer came."""


class ServerBusyError(VisgateError):
    """The model's queue is full, or the call waited in it longer than the server allows; nothing was run."""


class CallCancelledError(VisgateError):
    """The call was cancelled, or the client was closed, while the call was under way."""


class ServerError(VisgateError):
    """The model failed, or its answer cannot be understood.

    Attributes:
        model: the model that failed; empty when the server as a whole did.
        reason: what the server said.
    """

    def __init__(self, message: str, *, model: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.model = model
        self.reason = reason


class ClientStateError(VisgateError):
    """The client was used after it was closed, or from another event loop than its own."""
