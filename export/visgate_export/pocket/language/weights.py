"""Loads the trained pocket captioner and answerer, and their vocabulary; trains nothing."""

from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BlipForConditionalGeneration, BlipForQuestionAnswering

from visgate_export.errors import WeightFormatError
from visgate_export.pocket.language.architectures import answer_model, caption_model
from visgate_export.pocket.weight_files import read_weights
from visgate_export.pocket.weight_folder import WEIGHTS

VOCABULARY_FILE = "vocabulary.json"
CAPTIONER, ANSWERER = "image_captioning", "question_answering"
_VISION = "vision_model."


def load_vocabulary(folder: Path = WEIGHTS) -> Tokenizer:
    """The tokenizer, which neither pads nor truncates."""
    return Tokenizer.from_file(str(folder / VOCABULARY_FILE))


def load_captioner(folder: Path = WEIGHTS) -> BlipForConditionalGeneration:
    """The captioner in evaluation mode.

    Raises:
        FileNotFoundError: it has not been trained.
        WeightFormatError: its weights are of another shape.
    """
    model = caption_model(load_vocabulary(folder).get_vocab_size())
    return _with_weights(model, read_weights(CAPTIONER, folder))


def load_answerer(folder: Path = WEIGHTS) -> BlipForQuestionAnswering:
    """The answerer in evaluation mode; it looks at pictures with the captioner's eyes.

    Raises:
        FileNotFoundError: it, or the captioner, has not been trained.
        WeightFormatError: its weights are of another shape.
    """
    model = answer_model(load_vocabulary(folder).get_vocab_size())
    seeing = {key: value for key, value in read_weights(CAPTIONER, folder).items() if key.startswith(_VISION)}
    return _with_weights(model, {**seeing, **read_weights(ANSWERER, folder)})


def own_weights(model: torch.nn.Module, *, vision: bool) -> Mapping[str, torch.Tensor]:
    """What is to be saved: no weight twice that is tied to another, and the picture transformer only if asked for."""
    tied = set(model.all_tied_weights_keys)
    return {
        key: value
        for key, value in model.state_dict().items()
        if key not in tied and (vision or not key.startswith(_VISION))
    }


def _with_weights(model, weights: Mapping[str, torch.Tensor]):  # type: ignore[no-untyped-def]  # BLIP has no type here
    missing, unknown = model.load_state_dict(weights, strict=False)
    lost = set(missing) - set(model.all_tied_weights_keys)
    if lost or unknown:
        raise WeightFormatError(
            f"the weights do not fit {type(model).__name__}: missing {sorted(lost)}, unknown {sorted(unknown)}; train "
            "it anew with `make pocket`"
        )
    model.tie_weights()
    return model.eval().requires_grad_(False)
