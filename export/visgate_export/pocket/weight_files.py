"""Reads and writes the files of trained weights, and what was measured about networks; knows no architecture."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from visgate_export.pocket.weight_folder import METRICS_FILE, WEIGHTS


def save_weights(name: str, state: Mapping[str, torch.Tensor]) -> None:
    """Writes a network's weights as fp16 safetensors, in the order of their names."""
    WEIGHTS.mkdir(exist_ok=True)
    halves = {key: state[key].detach().to(torch.float16).contiguous().clone() for key in sorted(state)}
    save_file(halves, WEIGHTS / f"{name}.safetensors")


def read_weights(name: str, folder: Path = WEIGHTS) -> dict[str, torch.Tensor]:
    """A network's weights as fp32.

    Raises:
        FileNotFoundError: the network has not been trained.
    """
    return {key: value.to(torch.float32) for key, value in load_file(folder / f"{name}.safetensors").items()}


def save_tokenizer(file_name: str, tokenizer: Tokenizer) -> None:
    """Writes a vocabulary beside the weights."""
    WEIGHTS.mkdir(exist_ok=True)
    tokenizer.save(str(WEIGHTS / file_name))


def save_metrics(name: str, metrics: Mapping[str, float | int]) -> None:
    """Keeps what was measured about a network, beside what is known of the others."""
    path = WEIGHTS / METRICS_FILE
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, name: dict(metrics)}, indent=2, sort_keys=True) + "\n")


def read_metrics(name: str, folder: Path = WEIGHTS) -> dict[str, Any]:
    """What was measured about a network.

    Raises:
        FileNotFoundError: nothing has been trained.
        KeyError: the network has not been.
    """
    return dict(json.loads((folder / METRICS_FILE).read_text())[name])
