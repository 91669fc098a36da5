"""Random BLIP networks, a ten-thousandth of the real ones' size, and the folders that `save_pretrained` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration, BlipForQuestionAnswering

from visgate_export.checkpoints import PictureRules
from visgate_export.language.wrappers import CaptionLooker, NextWord
from visgate_server.language.decoding import DecodingRules
from visgate_server.language.word_decoder import Seen

SIDE = 32
PADDING, BEGIN, END = 0, 3, 2
RULES = PictureRules(SIDE, SIDE, (0.5, 0.4, 0.6), (0.5, 0.6, 0.4))
PIECES = ("[PAD]", "[UNK]", "[SEP]", "[DEC]", "[CLS]", "[MASK]", "a", "cat", "dog", "##s", "##ling", "left", "of", "is",
          "what", "the", "red", "blue", "un", "##happy", "?", "##est")  # fmt: skip
LONGEST = 12
DECODING = DecodingRules(BEGIN, END, LONGEST)


def blip_config() -> BlipConfig:
    text = {
        "vocab_size": len(PIECES),
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 40,
        "bos_token_id": BEGIN,
        "eos_token_id": END,
        "sep_token_id": END,
        "pad_token_id": PADDING,
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "patch_size": 8,
    }
    return BlipConfig(text_config=text, vision_config=vision)


def random_captioner(seed: int = 0, ending: float = 1.6) -> BlipForConditionalGeneration:
    """A captioner; the larger `ending` is, the sooner its texts end."""
    return _randomised(BlipForConditionalGeneration(blip_config()), seed, ending)


def random_answerer(seed: int = 0) -> BlipForQuestionAnswering:
    return _randomised(BlipForQuestionAnswering(blip_config()), seed)


def _randomised(network: Any, seed: int, ending: float = 1.6) -> Any:
    """Weights large enough that pictures and words matter, and texts that end after a while."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.5)
        network.text_decoder.cls.predictions.bias[END] = ending
    return network.eval().requires_grad_(False)


def save(network: Any, folder: Path) -> None:
    """As Salesforce's repositories: weights, configuration, vocabulary, and how pictures are prepared."""
    network.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    rules = {"size": {"height": SIDE, "width": SIDE}, "image_mean": list(RULES.mean), "image_std": list(RULES.std)}
    (folder / "preprocessor_config.json").write_text(json.dumps(rules))


def random_pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


def pixels(pictures: NDArray[np.uint8]) -> torch.Tensor:
    scaled = (pictures / 255 - np.array(RULES.mean)) / np.array(RULES.std)
    return torch.from_numpy(scaled.transpose(0, 3, 1, 2).astype(np.float32))


def seen_by(network: BlipForConditionalGeneration, pictures: NDArray[np.uint8]) -> Seen:
    with torch.inference_mode():
        keys, values = CaptionLooker(network, RULES)(torch.from_numpy(pictures))
    return Seen(keys.numpy(), values.numpy(), np.ones((len(pictures), keys.shape[3]), np.bool_))


class TorchNextWord:
    """The decoder's step as a network of the server, run by torch; counts the rows that it is given."""

    metadata: Mapping[str, str] = {}
    input_names: tuple[str, ...] = ()

    def __init__(self, network: Any) -> None:
        self._step = NextWord(network.text_decoder)
        self.rows: list[int] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.rows.append(len(inputs["token"]))
        with torch.inference_mode():
            given = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in inputs.items()}
            outputs = self._step(**given)
        return dict(zip(("log_probabilities", "keys", "values"), (output.numpy() for output in outputs), strict=True))


def without_marks(row: list[int]) -> tuple[int, ...]:
    """What transformers' `generate` gave, without the begin mark, and cut at the end mark."""
    words = row[1:]
    return tuple(words[: words.index(END)] if END in words else words)
