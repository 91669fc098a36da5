"""One request to a model and its answer, as arrays; knows neither tools nor gRPC."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from visgate_client._encoding import Tensor, picture_pixels


class Inference(NamedTuple):
    """One request to a model.

    Attributes:
        model: the model's name.
        tensors: its inputs.
        outputs: the outputs wanted; none named means all.
        sizes_of: under which name the sizes of the outputs are remembered; empty for not at all.
        prepared_ms: what making its tensors took.
    """

    model: str
    tensors: tuple[Tensor, ...]
    outputs: tuple[str, ...] = ()
    sizes_of: str = ""
    prepared_ms: float = 0.0

    @property
    def pixels(self) -> int:
        """The pixels of its pictures."""
        return picture_pixels(self.tensors)


class Answer(NamedTuple):
    """What a model answered.

    Attributes:
        arrays: its outputs by tensor.
        sent_ns: unix time in ns when the request was sent.
        serialise_ms: what making the tensors and the request and reading the answer took.
        round_trip_ms: from sending the request to receiving the answer.
    """

    arrays: dict[str, npt.NDArray[Any]]
    sent_ns: int
    serialise_ms: float
    round_trip_ms: float
