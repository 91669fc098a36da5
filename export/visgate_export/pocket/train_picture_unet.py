"""Trains a UNet that sees a picture beside the latents (edit, inpaint) from the finished base UNet."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from visgate_export.pocket.architectures import TRAIN_TIMESTEPS
from visgate_export.pocket.edits.edit_lessons import edit_lessons
from visgate_export.pocket.inpainting.inpainting_lessons import inpainting_lessons
from visgate_export.pocket.lessons import Lesson, fill_lessons
from visgate_export.pocket.low_rank import add_low_rank, difference
from visgate_export.pocket.noise import FloatAttention, NoiseSchedule
from visgate_export.pocket.picture_unets import RANKS, picture_unet
from visgate_export.pocket.prompts import PromptEncoder
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.sprites import read_sprites
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weights import load_autoencoder, load_unet


@dataclass(frozen=True)
class Course:
    """How one of the UNets learns.

    Attributes:
        lessons: what from, by seed, for ever.
        count: how many of them are kept and gone through again and again.
        schedule: for how long and how fast.
        unsaid: the chance, 0–1, that a row has no text.
        unseen: the chance, 0–1, that it has no picture.
        neither: the chance, 0–1, that it has neither, for guidance by both (InstructPix2Pix, 3.2.1).
        early: whether steps with much noise count as `NoiseSchedule.early_emphasis` says.
    """

    lessons: Callable[[SceneRenderer, int], Iterator[Lesson]]
    count: int
    schedule: Schedule
    unsaid: float = 0.0
    unseen: float = 0.0
    neither: float = 0.0
    early: bool = False


COURSES: Mapping[str, Course] = MappingProxyType(
    {
        # Without text it is asked for the background, so nothing need be left unsaid on purpose.
        "inpaint": Course(
            inpainting_lessons, 12_000, Schedule(steps=1_700, batch=48, learning_rate=1.5e-3, warm_up=100)
        ),
        "edit": Course(
            edit_lessons,
            30_000,
            Schedule(steps=12_000, batch=48, learning_rate=1.5e-3, warm_up=100),
            unsaid=0.05,
            unseen=0.05,
            neither=0.05,
            early=True,
        ),
    }
)


def train_picture_unet(purpose: str, course: Course) -> None:
    """Trains, and saves what the UNet adds to the base, now and then and at the end.

    Args:
        purpose: a key of `picture_unets.ADDED_CHANNELS`.
        course: how.
    """
    schedule = course.schedule
    run = TrainingRun(f"unet_{purpose}", schedule)
    random = np.random.default_rng(schedule.seed)
    lessons = course.lessons(SceneRenderer(read_sprites()), schedule.seed + 37)
    bank = fill_lessons(load_autoencoder(), lessons, course.count, schedule.seed)
    noise_schedule, prompts, base = NoiseSchedule(), PromptEncoder(), load_unet()
    model = picture_unet(purpose, base).train()
    add_low_rank(model, base.state_dict(), RANKS[purpose])
    model.set_attn_processor(FloatAttention())

    def loss(step: int) -> torch.Tensor:
        chosen = torch.from_numpy(random.integers(len(bank.texts), size=schedule.batch))
        texts = [str(random.choice(bank.texts[index])) for index in chosen]
        beside = bank.beside[chosen].float()
        for row, chance in enumerate(random.random(schedule.batch)):
            if chance < course.unsaid + course.neither:
                texts[row] = ""
            if course.unsaid <= chance < course.unsaid + course.neither + course.unseen:
                beside[row] = 0
        latents = bank.after[chosen].float()
        noise, timesteps = torch.randn_like(latents), torch.randint(0, TRAIN_TIMESTEPS, (schedule.batch,))
        sample = torch.cat((noise_schedule.add(latents, noise, timesteps), beside), dim=1)
        with torch.autocast("cpu", torch.bfloat16):
            predicted = model(sample, timesteps, prompts.encode(texts)).sample
        importance = bank.importance[chosen].float()
        if course.early:
            importance = importance * noise_schedule.early_emphasis(timesteps)
        return noise_schedule.loss(predicted.float(), noise, timesteps, importance)

    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    run.train(learned, loss, lambda: difference(model))
    run.record()


if __name__ == "__main__":
    train_picture_unet(sys.argv[1], COURSES[sys.argv[1]])
