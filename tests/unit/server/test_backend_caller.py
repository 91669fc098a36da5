"""A call to another model: what it sends, and what it makes of one response or of many."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.backend_caller import BackendCaller
from visgate_server.errors import ModelFaultError
from visgate_server.finished_streams import FinishedStreams
from visgate_server.networks import Tensors
from visgate_server.tool_model import ModelCall


class Tensor:
    """As the backend's: a name and an array."""

    def __init__(self, name: str, value: NDArray[Any]) -> None:
        self._name = name
        self.value = value

    def name(self) -> str:
        return self._name

    def as_numpy(self) -> NDArray[Any]:
        return self.value


@dataclass
class Response:
    """As the backend's: tensors, or an error."""

    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)
    trouble: str = ""

    def has_error(self) -> bool:
        return bool(self.trouble)

    def error(self) -> Response:
        return self

    def message(self) -> str:
        return self.trouble

    def output_tensors(self) -> list[Tensor]:
        return [Tensor(name, value) for name, value in self.tensors.items()]


class Backend:
    """The two classes of Triton's module that a call uses; it answers with what it was given."""

    Tensor = Tensor

    def __init__(self, *responses: Response) -> None:
        self.sent: list[Any] = []
        self.left = list(responses)
        self.streams: list[Iterator[Response]] = []
        backend = self

        class InferenceRequest:
            def __init__(
                self, model_name: str, requested_output_names: Sequence[str], inputs: Sequence[Tensor]
            ) -> None:
                self.model, self.outputs = model_name, list(requested_output_names)
                self.inputs = {tensor.name(): tensor.value for tensor in inputs}
                backend.sent.append(self)

            def exec(self, decoupled: bool = False) -> Any:
                if not decoupled:
                    return backend.left.pop(0)
                backend.streams.append(self._stream())
                return backend.streams[-1]

            def _stream(self) -> Iterator[Response]:
                shared = np.zeros((1, 1), np.int32)
                while backend.left:
                    response = backend.left.pop(0)
                    if "STEP" in response.tensors:
                        shared[...] = response.tensors["STEP"]  # the memory of the response before
                        response.tensors["STEP"] = shared
                    yield response

        self.InferenceRequest = InferenceRequest


def number(value: int) -> NDArray[np.int32]:
    return np.array([[value]], np.int32)


def progress(step: int) -> Response:
    return Response({"PROGRESS": np.array([[step, 3]], np.int32), "STEP": number(step)})


CALL = ModelCall("painter", {"NUMBER": number(7)}, ("STEP", "TEXT"))


def streaming(seen: list[Tensors] | None = None) -> ModelCall:
    return ModelCall(CALL.model, CALL.inputs, CALL.outputs, True, None if seen is None else seen.append)


def test_a_call_sends_its_inputs_and_asks_for_its_outputs() -> None:
    backend = Backend(Response({"STEP": number(3)}))
    [outputs] = BackendCaller(backend, FinishedStreams())([CALL])
    assert outputs["STEP"] == 3
    [request] = backend.sent
    assert (request.model, request.outputs) == ("painter", ["STEP", "TEXT"])
    assert request.inputs["NUMBER"] == 7
    assert request.inputs["OUTPUTS"].tolist() == [[b"STEP,TEXT"]]


def test_a_streams_result_is_what_came_without_progress() -> None:
    seen: list[Tensors] = []
    backend = Backend(progress(1), progress(2), Response({"STEP": number(3)}), Response())
    [outputs] = BackendCaller(backend, FinishedStreams())([streaming(seen)])
    assert outputs["STEP"] == 3
    assert [tensors["PROGRESS"][0, 0] for tensors in seen] == [1, 2]
    assert [int(tensors["STEP"][0, 0]) for tensors in seen] == [1, 2], "each is kept, though the backend writes over it"
    assert backend.sent[0].outputs == ["STEP", "TEXT", "PROGRESS", "PREVIEW"]


def test_nobody_need_listen_to_progress() -> None:
    backend = Backend(progress(1), Response({"STEP": number(3)}))
    [outputs] = BackendCaller(backend, FinishedStreams())([streaming()])
    assert outputs["STEP"] == 3
    assert backend.sent[0].outputs == ["STEP", "TEXT"]


def test_an_error_names_the_model_and_the_stream_is_read_to_its_end() -> None:
    backend = Backend(progress(1), Response(trouble="too dark"), Response())
    with pytest.raises(ModelFaultError, match="it calls painter, which failed: too dark"):
        BackendCaller(backend, FinishedStreams())([streaming([])])
    assert backend.left == []
    with pytest.raises(ModelFaultError, match="it calls painter, which failed: too light"):
        BackendCaller(Backend(Response(trouble="too light")), FinishedStreams())([CALL])


def test_a_stream_without_a_result_is_a_fault() -> None:
    with pytest.raises(ModelFaultError, match="painter, which ended without a result"):
        BackendCaller(Backend(progress(1), Response()), FinishedStreams())([streaming([])])


@pytest.mark.parametrize("responses", [[Response({"STEP": number(3)})], [Response(trouble="too dark")]])
def test_a_stream_that_was_read_is_kept_until_the_backend_has_forgotten_it(responses: list[Response]) -> None:
    finished, backend = FinishedStreams(), Backend(*responses)
    with contextlib.suppress(ModelFaultError):
        BackendCaller(backend, finished)([streaming()])
    [stream] = backend.streams
    seen = weakref.ref(stream)
    backend.streams.clear()
    del stream
    gc.collect()  # an error's traceback has it for as long
    assert seen() is not None
    assert not finished.ask(lambda: False)
    assert seen() is None
