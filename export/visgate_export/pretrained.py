"""Loads networks and tokenizers that transformers saved in a folder; fetches nothing and knows no architecture."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_pretrained(network: "type[PreTrainedModel]", folder: Path, **options: Any) -> Any:
    """A network in float32 and evaluation mode, of the class that is given.

    Args:
        network: its class in transformers.
        folder: what `save_pretrained` wrote.
        options: of `from_pretrained`, for example `attn_implementation`.

    Raises:
        OSError: the folder lacks something, or has its weights as a pickle alone.
    """
    import torch
    from transformers import logging

    logging.disable_progress_bar()
    # Safetensors only: a pickle runs whatever code its author put in.
    loaded = network.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True, **options
    )
    return loaded.eval().requires_grad_(False)


def tokenizer_text(tokenizer: "PreTrainedTokenizerBase") -> str:
    """The text of a `tokenizers` file that neither pads nor cuts off: the server does both, and says so."""
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    return str(backend.to_str())
