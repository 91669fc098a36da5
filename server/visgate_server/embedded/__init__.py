"""Starts and stops the Triton server out of the nvidia-pytriton wheel, on this machine's loopback address only.

`EmbeddedServer(repository).start()` gives a `RunningServer`, which is a context manager that stops it again.
"""

from visgate_server.embedded.access import Restriction, ServerAccess
from visgate_server.embedded.findings import Finding, Level
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.running_server import RunningServer
from visgate_server.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "Finding", "Level", "Ports", "Restriction", "RunningServer", "ServerAccess"]
