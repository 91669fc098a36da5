"""What a UNet is shown in one training step: noisy latents, their timesteps and embedded captions; trains nothing."""

from dataclasses import dataclass

import numpy as np
import torch

from visgate_export.pocket.architectures import TRAIN_TIMESTEPS
from visgate_export.pocket.latent_bank import LatentBank
from visgate_export.pocket.noise import NoiseSchedule
from visgate_export.pocket.prompts import PromptEncoder


@dataclass(frozen=True)
class DenoisingBatch:
    """One training step's inputs.

    Attributes:
        chosen: [N] the scenes' indices in the bank.
        noisy: [N, 8, 8, 8] their latents with noise.
        noise: [N, 8, 8, 8] that noise, which the UNet is to tell.
        timesteps: [N] how much of it there is.
        embeddings: [N, 77, 128] of a caption each.
    """

    chosen: torch.Tensor
    noisy: torch.Tensor
    noise: torch.Tensor
    timesteps: torch.Tensor
    embeddings: torch.Tensor


@dataclass(frozen=True)
class DenoisingBatches:
    """Draws batches from a bank; `unsaid` is the chance, 0–1, that a caption is empty."""

    bank: LatentBank
    prompts: PromptEncoder
    schedule: NoiseSchedule
    random: np.random.Generator
    size: int
    unsaid: float

    def draw(self) -> DenoisingBatch:
        """The next batch."""
        chosen, texts = self.bank.batch(self.random, self.size, self.unsaid)
        latents = self.bank.latents[chosen].float()
        noise = torch.randn_like(latents)
        timesteps = torch.randint(0, TRAIN_TIMESTEPS, (self.size,))
        noisy = self.schedule.add(latents, noise, timesteps)
        return DenoisingBatch(chosen, noisy, noise, timesteps, self.prompts.encode(texts))
