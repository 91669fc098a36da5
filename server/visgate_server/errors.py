"""Every error that the server's side raises, in one tree; knows nothing about how an error reaches a client.

    VisgateServerError
    ├── InvalidArgumentError     the caller's fault: one request is refused, with what to do about it
    ├── ModelFaultError          the server's fault: a model could not answer this request
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


class NetworkError(VisgateServerError):
    """A network file cannot be opened or does not have the inputs that its model feeds."""


class DeviceError(NetworkError):
    """The device asked for is not available, and no other was put in its place in silence."""


class SpecError(VisgateServerError):
    """A tool or model declaration contradicts itself."""
