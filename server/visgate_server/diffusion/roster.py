"""Who is drawn for at the next step, and together with whom; runs no UNet."""

from __future__ import annotations

from collections.abc import Sequence

from visgate_server.diffusion.active_request import ActiveRequest
from visgate_server.diffusion.admission import Admission
from visgate_server.diffusion.batch_tensors import TensorsFactory
from visgate_server.diffusion.faults import shared_fate
from visgate_server.diffusion.grouping import unet_groups
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.request_queue import RequestQueue
from visgate_server.diffusion.row_batch import RowBatch
from visgate_server.diffusion.turns import whose_turn
from visgate_server.errors import RequestCancelledError, VisgateServerError


class Roster:
    """The requests in flight and the batches that they form; for the loop alone."""

    def __init__(
        self, queue: RequestQueue, admission: Admission, make_tensors: TensorsFactory, limits: EngineLimits
    ) -> None:
        self._queue = queue
        self._admission = admission
        self._make_tensors = make_tensors
        self._max_rows = limits.max_rows
        self._max_advancing = limits.max_advancing or limits.max_in_flight
        self._in_flight: list[ActiveRequest] = []
        self._batches: list[RowBatch] = []

    def schedule(self) -> Sequence[RowBatch]:
        """Lets the cancelled leave and the waiting in, and returns the batches of the next step."""
        for request in self._in_flight:
            if request.wants_out():
                request.fault = RequestCancelledError("cancelled while it was being drawn")
        self.dismiss()
        if arrived := self._queue.take():
            self._in_flight.extend(arrived)
            self._admission.admit(arrived)
            self.dismiss()
        advancing = whose_turn(self._in_flight, self._max_advancing)
        if {member for batch in self._batches for member in batch.members} != set(advancing):
            self._form_batches(advancing)
        return self._batches

    def dismiss(self) -> Sequence[ActiveRequest]:
        """Lets go of whoever has a fault, which is told, and of the finished, which are returned."""
        leaving = [request for request in self._in_flight if request.fault is not None or request.finished]
        if not leaving:
            return ()
        self._in_flight = [request for request in self._in_flight if request not in leaving]
        self._keep([batch for batch in self._batches if not set(leaving) & set(batch.members)])
        self._queue.leave(len(leaving))
        for request in leaving:
            if request.fault is not None:
                request.tell_error(request.fault)
        return [request for request in leaving if request.fault is None]

    def abandon(self, reason: VisgateServerError) -> None:
        """Lets go of everybody in flight with an error."""
        for request in self._in_flight:
            request.fault = reason
        self.dismiss()

    def _form_batches(self, advancing: Sequence[ActiveRequest]) -> None:
        """Groups those who advance anew; a batch that nobody joined or left goes on as it is."""
        groups = unet_groups(advancing, self._max_rows)
        self._keep([batch for batch in self._batches if batch.members in groups])
        unchanged = [batch.members for batch in self._batches]
        for group in groups:
            if group not in unchanged:
                with shared_fate(group, "laying out a batch"):
                    self._batches.append(RowBatch(group, self._make_tensors))

    def _keep(self, kept: list[RowBatch]) -> None:
        for batch in self._batches:
            if batch not in kept:
                with shared_fate(batch.members, "reading latents back"):
                    batch.dissolve()
        self._batches = kept
