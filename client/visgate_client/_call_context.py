"""What every remote call of one client call shares: its time, its span and what may cancel it; calls nothing."""

from __future__ import annotations

from typing import NamedTuple

from visgate_client._cancellation import Cancellation
from visgate_client._deadline import Deadline
from visgate_client._tracing import SILENT, CallSpan
from visgate_client.errors import CallCancelledError


class CallContext(NamedTuple):
    """The circumstances of one call.

    Attributes:
        deadline: when it has to be over.
        span: what is told about it.
        cancellation: what may give it up from outside.
    """

    deadline: Deadline
    span: CallSpan = SILENT
    cancellation: Cancellation | None = None

    def check(self) -> None:
        """Raises where the call was given up between two of its remote calls.

        Raises:
            CallCancelledError: it was.
        """
        if self.cancellation is not None and self.cancellation.is_cancelled:
            raise CallCancelledError("the call was cancelled by its caller; nothing more was sent")
