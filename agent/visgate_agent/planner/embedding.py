"""Turns texts into unit vectors through the server's text-embedding model; compares none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visgate_agent.errors import ChatModelError
from visgate_agent.vision import VisionServer, text_tensor
from visgate_client import VisgateError

EMBEDDING_MODEL = "text_embedding"
ROWS_PER_REQUEST = 8
"""No more rows than the smallest `max_batch_size` that a served model has; Triton batches the requests further."""

Vectors = NDArray[np.float32]
"""Float32 [texts, dimensions], each row of length 1."""


class TextEmbedder(Protocol):
    """Puts texts of like meaning close to each other."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts, in the same order."""
        ...


class ServedEmbedder:
    """Embeds through a model of the vision server: input TEXT BYTES [rows, 1], output EMBEDDING FP32 [rows, n]."""

    def __init__(self, vision: VisionServer, model: str = EMBEDDING_MODEL) -> None:
        self._vision = vision
        self._model = model

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts, in the same order.

        Raises:
            ChatModelError: the server has no such model, or cannot run it.
        """
        chunks = [list(texts[start : start + ROWS_PER_REQUEST]) for start in range(0, len(texts), ROWS_PER_REQUEST)]
        try:
            answers = await asyncio.gather(*(self._embed(chunk) for chunk in chunks))
        except VisgateError as error:
            raise ChatModelError(
                f"the offline planner needs the model {self._model!r} on the server: {error} "
                "(or set OPENAI_API_KEY and let a language model plan)"
            ) from error
        return np.concatenate(answers)

    async def _embed(self, texts: list[str]) -> Vectors:
        outputs = await self._vision.infer(self._model, {"TEXT": text_tensor(texts)})
        return outputs["EMBEDDING"].astype(np.float32)
