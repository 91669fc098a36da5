"""Loads the trained finder from its weights, by default those in the source tree; trains nothing."""

from pathlib import Path

from transformers import CLIPSegForImageSegmentation

from visgate_export.pocket.finding.architecture import finder
from visgate_export.pocket.weight_files import read_weights
from visgate_export.pocket.weight_folder import WEIGHTS
from visgate_export.pocket.weights import load_tokenizer

NAME = "object_finding"


def load_finder(folder: Path = WEIGHTS) -> CLIPSegForImageSegmentation:
    """The network in evaluation mode."""
    model = finder(load_tokenizer(folder).get_vocab_size())
    model.load_state_dict(read_weights(NAME, folder))
    return model.eval().requires_grad_(False)
