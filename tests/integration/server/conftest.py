"""What several tests of the server need: callers that know nothing but the protocol, scenes, and their judge."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from visgate_export.pocket.judge import Judge
from visgate_export.pocket.quality import load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.sprites import read_sprites

KINDS: dict[type, tuple[str, Any]] = {
    bool: ("BOOL", np.bool_),
    int: ("INT32", np.int32),
    float: ("FP32", np.float32),
    str: ("BYTES", np.object_),
}


@dataclass
class Answer:
    """Everything that came for one request, up to its result."""

    progress: list[tuple[int, int]] = field(default_factory=list)
    previews: dict[int, np.ndarray] = field(default_factory=dict)
    outputs: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def picture(self) -> np.ndarray:
        return self.outputs["PICTURE"][0]

    @property
    def data(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.outputs["DATA"][0, 0])
        return read

    @property
    def text(self) -> str:
        decoded: str = self.outputs["TEXT"][0, 0].decode()
        return decoded


class StreamCaller:
    """One caller with a connection and a stream of its own; one request at a time, or many that end as they end.

    An error on a stream is words only. Triton's header `triton_grpc_error` would add the code, but some dozens of
    errors on streams that have it crash Triton 2.51.
    """

    def __init__(self, address: str) -> None:
        self._client = triton.InferenceServerClient(address)
        self._arrived: queue.Queue[tuple[Any, InferenceServerException | None]] = queue.Queue()
        self._is_streaming = False

    def ask(self, model: str, timeout_us: int | None = None, outputs: tuple[str, ...] = (), **values: Any) -> None:
        """Sends a request; a value's type decides its tensor's."""
        if not self._is_streaming:
            self._client.start_stream(lambda result, error: self._arrived.put((result, error)))
            self._is_streaming = True
        wanted = [triton.InferRequestedOutput(name) for name in outputs] or None
        inputs = [_tensor(name.upper(), value) for name, value in values.items()]
        self._client.async_stream_infer(model, inputs, timeout=timeout_us, outputs=wanted)

    def next(self, answer: Answer, timeout_s: float = 120) -> bool:
        """Takes the next response into `answer`; returns whether it was the last.

        Raises:
            InferenceServerException: the error that came in its place.
        """
        result, error = self._arrived.get(timeout=timeout_s)
        if error is not None:
            raise error
        names = [output.name for output in result.get_response().outputs]
        if "PROGRESS" in names:
            step, of = result.as_numpy("PROGRESS")[0].tolist()
            answer.progress.append((step, of))
            if "PREVIEW" in names:
                answer.previews[step] = result.as_numpy("PREVIEW")[0]
        elif names:
            answer.outputs = {name: result.as_numpy(name) for name in names}
        return bool(result.get_response().parameters["triton_final_response"].bool_param)

    def wait_for_progress(self, count: int) -> Answer:
        """What came until that many steps were told of."""
        answer = Answer()
        while len(answer.progress) < count:
            assert not self.next(answer), "it is finished already"
        return answer

    def answer(self) -> Answer:
        """Everything up to the last response of the one request that is in flight."""
        answer = Answer()
        while not self.next(answer):
            pass
        return answer

    def call(self, model: str, **values: Any) -> Answer:
        """Asks and waits."""
        self.ask(model, **values)
        return self.answer()

    def cancel(self) -> None:
        """Drops the stream, and with it whatever is in flight on it."""
        self._client.stop_stream(cancel_requests=True)
        self._is_streaming = False
        while not self._arrived.empty():
            self._arrived.get()

    def close(self) -> None:
        self.cancel()
        self._client.close()


def _tensor(name: str, value: Any) -> triton.InferInput:
    if isinstance(value, np.ndarray):
        datatype, array = "UINT8", value[None]
    else:
        datatype, kind = KINDS[type(value)]
        array = np.array([[value.encode() if isinstance(value, str) else value]], kind)
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


NewCaller = Callable[[str], StreamCaller]


@pytest.fixture
def new_caller() -> Iterator[NewCaller]:
    """Makes callers, and closes them when the test is over."""
    made: list[StreamCaller] = []

    def make(address: str) -> StreamCaller:
        made.append(StreamCaller(address))
        return made[-1]

    yield make
    for caller in made:
        caller.close()


@pytest.fixture(scope="session")
def judge() -> Judge:
    return load_judge()


@pytest.fixture(scope="session")
def renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())
