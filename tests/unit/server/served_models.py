"""Opens served models with their real networks and asks them as Triton would; real photos and requests for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from numpy.typing import NDArray

from visgate_server.batching import Answer, answer_requests
from visgate_server.catalogue import MODELS
from visgate_server.tool_model import Image, ModelCall, ToolModel

REPOSITORY = Path(__file__).parents[3] / "model_repository"

Request = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Reply:
    """What a tool answered for one picture; `pictures` by tensor name, without the batch axis."""

    text: str
    data: Mapping[str, Any]
    pictures: Mapping[str, Image]


@cache
def photo(name: str) -> Image:
    """One of scikit-image's photos as RGB."""
    picture = getattr(skimage.data, name)()
    return np.ascontiguousarray(np.dstack([picture] * 3) if picture.ndim == 2 else picture[..., :3])


@cache
def open_model(name: str) -> ToolModel[Any]:
    """The model of that name as the server opens it; a network that is missing fails and names `make models`."""
    model = next(model for model in MODELS if model.spec.name == name)()
    model.setup(REPOSITORY / name / "1", call_models)
    return model


def call_models(calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
    """Does in this process what Triton does for a model that calls others."""
    answers = [answer_requests(open_model(call.model), [dict(call.inputs)])[0] for call in calls]
    return [{name: outputs(answer)[name] for name in call.outputs} for call, answer in zip(calls, answers, strict=True)]


def request(*images: Image, **arguments: str | float | int | bool) -> Request:
    """A request with a row a picture; every row gets the same arguments."""
    tensors: Request = {"IMAGE": np.stack(images)}
    for name, value in arguments.items():
        tensors[name.upper()] = np.repeat(_scalar(value), len(images), axis=0)
    return tensors


def _scalar(value: str | float | int | bool) -> NDArray[Any]:
    if isinstance(value, str):
        return np.array([[value.encode()]], np.object_)
    kinds: dict[type, type] = {bool: np.bool_, int: np.int32, float: np.float32}
    return np.array([[value]], kinds[type(value)])


def outputs(answer: Answer) -> dict[str, NDArray[Any]]:
    """The output tensors of an answer, or the error that it is."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def replies(answer: Answer) -> list[Reply]:
    """An answer's rows."""
    tensors = dict(outputs(answer))
    texts, data = tensors.pop("TEXT"), tensors.pop("DATA")
    del tensors["TIMES"]
    return [
        Reply(
            text=texts[row, 0].decode(),
            data=json.loads(data[row, 0]),
            pictures={name: tensor[row] for name, tensor in tensors.items()},
        )
        for row in range(len(texts))
    ]


def ask(model: str, image: Image, **arguments: str | float | int | bool) -> Reply:
    """One picture through a model, alone."""
    [answer] = answer_requests(open_model(model), [request(image, **arguments)])
    [reply] = replies(answer)
    return reply
