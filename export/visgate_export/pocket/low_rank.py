"""Keeps a network that began as a copy of another as its low-rank difference from it; knows no architecture.

Eight ControlNets, each a copy of half a UNet, would be larger than everything else together. What training adds to a
copied matrix W is kept as two thin ones (Hu et al. 2021, "LoRA"): W + up @ down. Whatever the original does not have,
and what is small anyway (biases, norms), is kept whole.
"""

from collections.abc import Mapping

import torch
from torch.nn.utils import parametrize

RANK = 16


class LowRankSum(torch.nn.Module):
    """The parametrization W → W + (up @ down), in the shape of W."""

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        out_features, in_features = weight.flatten(1).shape
        self.down = torch.nn.Parameter(torch.randn(rank, in_features) / in_features**0.5)
        self.up = torch.nn.Parameter(torch.zeros(out_features, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The sum of both, [out, ...]."""
        return weight + (self.up @ self.down).view_as(weight)


def add_low_rank(network: torch.nn.Module, original: Mapping[str, torch.Tensor], rank: int = RANK) -> None:
    """Freezes every matrix that `network` shares with `original`, and gives each a trainable low-rank sum."""
    for name, module in list(network.named_modules()):
        weight = getattr(module, "weight", None)
        if isinstance(weight, torch.nn.Parameter) and _is_shared(f"{name}.weight", weight, original):
            weight.requires_grad_(False)
            parametrize.register_parametrization(
                module, "weight", LowRankSum(weight, min(rank, *weight.flatten(1).shape))
            )


def difference(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What `restore` needs to make `network` again: `NAME.up` and `NAME.down` for shared matrices, all else by name."""
    kept = {}
    for name, value in network.state_dict().items():
        if name.endswith(".parametrizations.weight.original"):
            continue
        kept[name.replace(".parametrizations.weight.0.", ".weight.")] = value
    return kept


def restore(kept: Mapping[str, torch.Tensor], original: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The whole state of the network whose `difference` was kept.

    Args:
        kept: from `difference`.
        original: the state of the network that it was copied from.

    Raises:
        KeyError: `original` lacks a matrix that `kept` adds to.
    """
    whole = {name: value for name, value in kept.items() if not name.endswith((".weight.up", ".weight.down"))}
    for name in kept:
        if name.endswith(".weight.up"):
            matrix = name.removesuffix(".up")
            added = kept[name] @ kept[f"{matrix}.down"]
            whole[matrix] = original[matrix] + added.view_as(original[matrix])
    return whole


def _is_shared(name: str, weight: torch.Tensor, original: Mapping[str, torch.Tensor]) -> bool:
    return weight.dim() > 1 and name in original and original[name].shape == weight.shape
