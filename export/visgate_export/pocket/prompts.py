"""Turns captions into what a UNet attends to, with the trained text encoder; chooses no captions."""

import torch

from visgate_export.pocket.architectures import TEXT_LENGTH
from visgate_export.pocket.tokenizer import END_TOKEN
from visgate_export.pocket.weights import load_text_encoder, load_tokenizer


class PromptEncoder:
    """The tokenizer and the text encoder together."""

    def __init__(self) -> None:
        self._tokenizer = load_tokenizer()
        self._encoder = load_text_encoder()

    @torch.no_grad()
    def encode(self, texts: list[str]) -> torch.Tensor:
        """Texts as embeddings, [N, 77, 128]."""
        rows = [encoded.ids[:TEXT_LENGTH] for encoded in self._tokenizer.encode_batch(texts)]
        ids = torch.tensor([row + [END_TOKEN] * (TEXT_LENGTH - len(row)) for row in rows])
        with torch.autocast("cpu", torch.bfloat16):
            return self._encoder(input_ids=ids).last_hidden_state.float()
