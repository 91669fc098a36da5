"""Every error of starting, watching and stopping the embedded Triton, in one branch of the server's error tree.

VisgateServerError
└── EmbeddedServerError
    ├── AccessOptionError           a certificate, key or token cannot be used, or options contradict each other
    ├── EnvironmentProblemsError    the doctor found what would keep the server from working; nothing was started
    ├── ServerAlreadyRunningError   this state directory has a server, or one is being started
    ├── ServerNotRunningError       there is no server to talk to
    ├── ServerStartError            Triton was started and ended, or was not ready in time; it was stopped again
    │   ├── PortTakenError          a port was taken between the check and Triton's own attempt
    │   └── ModelsFailedError       not one model could be loaded
    ├── ServerStopError             a process outlived SIGKILL
    └── StateFileError              the state directory cannot be written, or its file not read
"""

from __future__ import annotations

from collections.abc import Sequence

from visgate_server.embedded.findings import Finding, Level
from visgate_server.errors import VisgateServerError


class EmbeddedServerError(VisgateServerError):
    """The root of this branch."""


class AccessOptionError(EmbeddedServerError):
    """A certificate, a key or a token cannot be used, or the options about them contradict each other."""


class EnvironmentProblemsError(EmbeddedServerError):
    """The environment would keep the server from working.

    Attributes:
        findings: everything that the doctor looked at, problems and the rest.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        problems = [finding for finding in findings if finding.level is Level.PROBLEM]
        super().__init__(
            "the server was not started: "
            + "; ".join(f"{finding.check}: {finding.found} ({finding.advice})" for finding in problems)
        )


class ServerAlreadyRunningError(EmbeddedServerError):
    """The state directory has a server already; one state directory holds one server."""


class ServerNotRunningError(EmbeddedServerError):
    """The state directory has no running server."""


class ServerStartError(EmbeddedServerError):
    """Triton ended or hung while starting. Whatever was started has been stopped again."""


class PortTakenError(ServerStartError):
    """Somebody took a port after it was found free."""


class ModelsFailedError(ServerStartError):
    """No model of the repository could be loaded; the message has each one's reason."""


class ServerStopError(EmbeddedServerError):
    """A process of the server is still there after SIGKILL."""


class StateFileError(EmbeddedServerError):
    """The state directory cannot be written, or its file is not one that this version wrote."""
