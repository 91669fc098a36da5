"""Every error that the server's side raises, in one tree; knows nothing about how an error reaches a client.

    VisgateServerError
    ├── InvalidArgumentError     the caller's fault: one request is refused, with what to do about it
    ├── ModelFaultError          the server's fault: a model could not answer this request
    ├── QueueFullError           too many requests wait already; this one was not taken
    ├── QueueTimeoutError        a request waited longer for its turn than its caller allows
    ├── RequestCancelledError    whoever sent the request waits no more
    ├── ServerStoppingError      the model is being taken down with the request unanswered
    ├── NetworkError             a network file is missing, unreadable or not what its model expects
    │   └── DeviceError          the device asked for (CUDA, TensorRT) is not there
    └── SpecError                a tool or model declaration contradicts itself

`visgate_server.embedded.errors` (starting and stopping Triton) and `visgate_export.errors` (making networks) hang
their own branches under `VisgateServerError`.
"""


class VisgateServerError(Exception):
    """The root: catch this to catch whatever this side of the wire raises on purpose."""


class InvalidArgumentError(VisgateServerError):
    """A request's argument has a wrong type, shape or value; the message names it and says what is accepted."""


class ModelFaultError(VisgateServerError):
    """A model failed on a request that was well formed."""


class QueueFullError(VisgateServerError):
    """As many requests wait as may; the same request can be sent again in a moment."""


class QueueTimeoutError(VisgateServerError):
    """A request's turn did not come within the time that its caller gave it in the queue."""


class RequestCancelledError(VisgateServerError):
    """The caller cancelled the request or is gone; its work was dropped."""


class ServerStoppingError(VisgateServerError):
    """The model is being unloaded or the server stopped; the request can be sent again elsewhere or later."""


class NetworkError(VisgateServerError):
    """A network file cannot be opened or does not have the inputs that its model feeds."""


class DeviceError(NetworkError):
    """The device asked for is not available, and no other was put in its place in silence."""


class SpecError(VisgateServerError):
    """A tool or model declaration contradicts itself."""
