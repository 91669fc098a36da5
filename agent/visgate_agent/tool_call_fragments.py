"""Puts the fragments of streamed tool calls together; knows the OpenAI protocol's deltas and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from visgate_agent.errors import StreamBrokenError
from visgate_agent.messages import ToolCall


@dataclass
class _OpenCall:
    index: int
    call_id: str | None
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolCallFragments:
    """Collects one completion's tool-call fragments and gives out each call as soon as it is complete.

    Nothing in the protocol marks the end of a call's arguments. Calls are written one after the other, so a call is
    complete when the next index begins, or when the stream ends. Some endpoints give every call the index 0 and
    tell them apart by their ids alone: a new id begins a new call as well. Some give no ids: calls are then numbered
    from `first_number` on.
    """

    def __init__(self, first_number: int = 0) -> None:
        self._open: _OpenCall | None = None
        self._closed: set[int] = set()
        self._next_number = first_number

    def add(self, deltas: Sequence[ChoiceDeltaToolCall]) -> Iterator[ToolCall]:
        """Takes the next fragments and yields the calls that they show to be complete.

        Raises:
            StreamBrokenError: a fragment belongs to a call that was already complete, or a call has no name.
        """
        for delta in deltas:
            if self._open is not None and self._begins_another(delta, self._open):
                yield from self.finish()
            if self._open is None:
                if delta.index in self._closed and not delta.id:
                    raise StreamBrokenError(
                        f"the stream went back to tool call {delta.index} after it had begun another: "
                        "the endpoint does not keep to the OpenAI protocol"
                    )
                self._open = _OpenCall(delta.index, delta.id)
            self._extend(self._open, delta)

    def finish(self) -> Iterator[ToolCall]:
        """Yields the call that was still open, if there is one; the stream, or that call, has ended."""
        if self._open is None:
            return
        call, self._open = self._open, None
        if not call.name:
            raise StreamBrokenError(f"tool call {call.index} came without a name: ask again")
        self._closed.add(call.index)
        call_id = call.call_id or f"call_{self._next_number}"
        self._next_number += 1
        yield ToolCall(call_id, call.name, "".join(call.arguments) or "{}")

    @staticmethod
    def _begins_another(delta: ChoiceDeltaToolCall, call: _OpenCall) -> bool:
        return delta.index != call.index or bool(delta.id and call.call_id and delta.id != call.call_id)

    @staticmethod
    def _extend(call: _OpenCall, delta: ChoiceDeltaToolCall) -> None:
        if delta.function is None:
            return
        # Names come whole; some endpoints repeat them with every fragment.
        call.name = call.name or delta.function.name or ""
        call.arguments.append(delta.function.arguments or "")
