"""Trains a pocket ControlNet of one kind to guide the finished UNet by control pictures."""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from visgate_export.pocket.architectures import control_net
from visgate_export.pocket.control_kinds import CONTROL_STARTS
from visgate_export.pocket.control_pictures import CONTROL_PICTURES
from visgate_export.pocket.control_pictures.poses import FIGURES
from visgate_export.pocket.denoising_batch import DenoisingBatches
from visgate_export.pocket.latent_bank import fill_bank
from visgate_export.pocket.low_rank import RANK, add_low_rank, difference
from visgate_export.pocket.noise import FloatAttention, NoiseSchedule
from visgate_export.pocket.prompts import PromptEncoder
from visgate_export.pocket.scenes import Scene, scenes
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weights import load_autoencoder, load_control_net, load_unet

_FROM_UNET, _FROM_CONTROL = RANK, 8
"""Ranks of the difference; less is new to a ControlNet that began as another."""
_WHOLE = "controlnet_cond_embedding."
"""What reads the control picture is small, and learns most: it is kept whole."""
_UNSAID = 0.3
"""The control picture is often all that the ControlNet gets: else it would leave the work to the words."""


@dataclass(frozen=True)
class Training:
    """How the ControlNet of a kind is trained.

    Attributes:
        schedule: for how long and how fast.
        scenes: how many it sees.
        showing: only scenes with one of these objects, in `showing_share` of all; any if empty.
    """

    schedule: Schedule
    scenes: int
    showing: Collection[str] = ()
    showing_share: float = 0.75

    def source(self) -> Iterator[Scene]:
        """The scenes, none of them held out."""
        seed = self.schedule.seed + 23
        if not self.showing:
            yield from scenes(seed)
        random = np.random.default_rng(seed)
        shown = (scene for scene in scenes(seed) if not set(self.showing).isdisjoint(scene.combination.objects))
        others = scenes(seed + 1)
        while True:
            yield next(shown if random.random() < self.showing_share else others)


def _short(steps: int, scenes: int, showing: Collection[str] = ()) -> Training:
    return Training(Schedule(steps=steps, batch=48, learning_rate=1.5e-3, warm_up=60), scenes, showing)


TRAININGS: Mapping[str, Training] = MappingProxyType(
    {
        "edges": Training(Schedule(steps=1_200, batch=48, learning_rate=1.5e-3, warm_up=100), 20_000),
        "depth": Training(Schedule(steps=800, batch=48, learning_rate=1.5e-3, warm_up=100), 20_000),
        "lines": _short(180, 2_560),
        "soft_edges": _short(180, 320),
        "sketch": _short(180, 320),
        "pose": _short(260, 2_560, tuple(FIGURES)),
        "segmentation": _short(600, 8_000),
        "normals": _short(500, 8_000),
    }
)
"""By kind; two of them ask a network for every control picture, and so see fewer scenes."""


def train_control(kind: str, training: Training) -> None:
    """Trains the ControlNet of a kind, and saves what it adds to what it began as.

    Args:
        kind: a key of `CONTROL_PICTURES`.
        training: for how long, how fast and on what.
    """
    schedule = training.schedule
    run = TrainingRun(f"control_{kind}", schedule)
    random = np.random.default_rng(schedule.seed)
    bank = fill_bank(
        load_autoencoder(), training.scenes, schedule.seed + 23, CONTROL_PICTURES[kind], source=training.source()
    )
    noise_schedule, base = NoiseSchedule(), load_unet()
    batches = DenoisingBatches(bank, PromptEncoder(), noise_schedule, random, schedule.batch, _UNSAID)
    model = beginning(kind, base)
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

    run.train(learned, loss, lambda: difference(model))
    run.record()


def beginning(kind: str, base: UNet2DConditionModel) -> ControlNetModel:
    """What the ControlNet of a kind begins as, with the low-rank sums that it learns.

    Args:
        kind: a key of `CONTROL_STARTS`.
        base: the UNet.
    """
    start = CONTROL_STARTS[kind]
    if start is None:
        model = control_net(base).train()
        add_low_rank(model, base.state_dict(), _FROM_UNET)
        return model
    model = load_control_net(start).requires_grad_(True).train()
    shared = {name: value.clone() for name, value in model.state_dict().items() if not name.startswith(_WHOLE)}
    add_low_rank(model, shared, _FROM_CONTROL)
    return model


if __name__ == "__main__":
    train_control(sys.argv[1], TRAININGS[sys.argv[1]])
