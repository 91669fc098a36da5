"""Turns short texts into vectors with MiniLM, so that texts of like meaning lie near each other."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from visgate_server.model_spec import ModelSpec, TensorSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.tokenizer_files import open_tokenizer_file
from visgate_server.tool_model import ModelCaller, Prepared, TensorResponse, ToolModel, ToolRequest
from visgate_server.tool_spec import Argument, ArgumentKind

DIMENSIONS = 384

MOST_TOKENS = 256
"""What MiniLM was trained with; the rest of a longer text is not looked at."""

TOKEN_STEP = 16
"""Texts are padded to multiples of this many tokens: those of about one length share a run."""


class TextEmbedding(ToolModel[None]):
    """Tokenises, pads, and lets the network pool and normalise."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="text_embedding",
        summary="Sentence embedding, 384 dimensions, unit length (all-MiniLM-L6-v2)",
        networks=("minilm.onnx",),
        plain_arguments=(Argument("text", ArgumentKind.TEXT, "The text; after 256 tokens it is cut off."),),
        plain_outputs=(TensorSpec("EMBEDDING", "FP32", (DIMENSIONS,)),),
        max_batch_size=64,
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._tokenizer = open_tokenizer_file(folder / "tokenizer.json")
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._network: Network = open_network(folder / "minilm.onnx")

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        tokens = self._tokenizer.encode(request.text("text")).ids
        length = -(-len(tokens) // TOKEN_STEP) * TOKEN_STEP
        padding = (0, length - len(tokens))
        return Prepared(
            {
                "input_ids": np.pad(np.array(tokens, np.int64), padding),
                "attention_mask": np.pad(np.ones(len(tokens), np.int64), padding),
            },
            None,
        )

    def run(self, batch: Tensors) -> Tensors:
        return self._network.run({"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]})

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> TensorResponse:
        return TensorResponse({"EMBEDDING": outputs["embedding"]})
