"""Trains a pocket ControlNet of one kind to guide the finished UNet by control pictures."""

import sys
import time
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch

from visgate_export.pocket.architectures import control_net
from visgate_export.pocket.control_pictures import CONTROL_PICTURES
from visgate_export.pocket.denoising_batch import DenoisingBatches
from visgate_export.pocket.latent_bank import fill_bank
from visgate_export.pocket.low_rank import add_low_rank, difference
from visgate_export.pocket.noise import FloatAttention, NoiseSchedule
from visgate_export.pocket.prompts import PromptEncoder
from visgate_export.pocket.training import Schedule, record_metrics, save_weights, train
from visgate_export.pocket.weights import load_autoencoder, load_unet

SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "edges": Schedule(steps=1_200, batch=48, learning_rate=1.5e-3, warm_up=100),
        "depth": Schedule(steps=800, batch=48, learning_rate=1.5e-3, warm_up=100),
    }
)
_SCENES = 20_000
_UNSAID = 0.3
"""The control picture is often all that the ControlNet gets: else it would leave the work to the words."""


def train_control(kind: str, schedule: Schedule) -> None:
    """Trains the ControlNet of a kind, and saves what it adds to the UNet.

    Args:
        kind: a key of `CONTROL_PICTURES`.
        schedule: for how long and how fast.
    """
    torch.manual_seed(schedule.seed)
    began = time.monotonic()
    random = np.random.default_rng(schedule.seed)
    bank = fill_bank(load_autoencoder(), _SCENES, schedule.seed + 23, CONTROL_PICTURES[kind])
    noise_schedule, base = NoiseSchedule(), load_unet()
    batches = DenoisingBatches(bank, PromptEncoder(), noise_schedule, random, schedule.batch, _UNSAID)
    model = control_net(base).train()
    add_low_rank(model, base.state_dict())
    for network in (base, model):
        network.set_attn_processor(FloatAttention())
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def loss(step: int) -> torch.Tensor:
        batch = batches.draw()
        given = (batch.noisy, batch.timesteps, batch.embeddings)
        with torch.autocast("cpu", torch.bfloat16):
            down, middle = model(*given, bank.control_batch(batch.chosen), return_dict=False)
            predicted = base(
                *given,
                down_block_additional_residuals=down,
                mid_block_additional_residual=middle,
            ).sample
        return noise_schedule.loss(predicted.float(), batch.noise, batch.timesteps)

    final = train(learned, schedule, loss, f"control {kind}")
    save_weights(f"control_{kind}", difference(model))
    record_metrics(
        f"control_{kind}", {"final_loss": round(final, 5), "minutes": round((time.monotonic() - began) / 60, 1)}
    )


if __name__ == "__main__":
    train_control(sys.argv[1], SCHEDULES[sys.argv[1]])
