"""Weights that let every input through: fresh networks of these classes have layers of zeros, where nothing differs."""

from __future__ import annotations

from typing import TypeVar

import torch

Network = TypeVar("Network", bound=torch.nn.Module)


def randomised(network: Network, seed: int = 0) -> Network:
    """The network in evaluation mode, with weights of standard deviation 1/√fan-in and biases about 0.1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim > 1:
                parameter.copy_(noise * parameter[0].numel() ** -0.5)
            elif name.endswith("weight"):  # of a norm
                parameter.copy_(1 + 0.1 * noise)
            else:
                parameter.copy_(0.1 * noise)
    return network.eval()
