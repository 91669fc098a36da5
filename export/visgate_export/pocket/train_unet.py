"""Trains the pocket UNet to draw what captions say, on the latents of the trained autoencoder."""

import copy

import numpy as np
import torch

from visgate_export.pocket.architectures import unet
from visgate_export.pocket.denoising_batch import DenoisingBatches
from visgate_export.pocket.latent_bank import fill_bank
from visgate_export.pocket.noise import FloatAttention, NoiseSchedule
from visgate_export.pocket.prompts import PromptEncoder
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weights import load_autoencoder

SCHEDULE = Schedule(steps=7_500, batch=48, learning_rate=1e-3, warm_up=300)
_SCENES = 60_000
_UNSAID = 0.1
_AVERAGE_OVER = 500  # steps, roughly, of the weights' moving average


def train_unet(schedule: Schedule = SCHEDULE) -> None:
    """Trains, and saves the moving average of the weights, now and then and at the end."""
    run = TrainingRun("unet", schedule)
    random = np.random.default_rng(schedule.seed)
    bank = fill_bank(load_autoencoder(), _SCENES, schedule.seed + 11)
    noise_schedule = NoiseSchedule()
    batches = DenoisingBatches(bank, PromptEncoder(), noise_schedule, random, schedule.batch, _UNSAID)
    model = unet()
    model.set_attn_processor(FloatAttention())
    average = copy.deepcopy(model).requires_grad_(False)

    def loss(step: int) -> torch.Tensor:
        _follow(average, model, step)
        batch = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):
            predicted = model(batch.noisy, batch.timesteps, batch.embeddings).sample
        return noise_schedule.loss(predicted.float(), batch.noise, batch.timesteps)

    run.train(list(model.parameters()), loss, average.state_dict)
    run.record()


@torch.no_grad()
def _follow(average: torch.nn.Module, model: torch.nn.Module, step: int) -> None:
    """Moves the averaged weights towards the present ones; fast at first, when they are far off."""
    kept = min(1 - 1 / _AVERAGE_OVER, (step + 1) / (step + 10))
    for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, 1 - kept)


if __name__ == "__main__":
    train_unet()
