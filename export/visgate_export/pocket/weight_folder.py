"""Says where the pocket networks' weights lie in the source tree; reads none of them, and imports no torch."""

from pathlib import Path

from visgate_export.sources import FolderSource

WEIGHTS = Path(__file__).with_name("weights")
METRICS_FILE = "metrics.json"
"""Beside the weights: what was measured about each network."""
TOKENIZER_FILE = "tokenizer.json"
"""Beside the weights: the vocabulary of prompts."""
LICENCE = "Apache-2.0"


def weights_source(folder: Path = WEIGHTS) -> FolderSource:
    """The weights as a source of recipes, by default those in the source tree."""
    return FolderSource("visgate's own weights", folder)
