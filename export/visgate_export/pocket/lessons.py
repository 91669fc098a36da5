"""Folds pictures before and after a change to latents, with words for it; trains nothing and chooses no change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from rich.progress import track
from torch.nn import functional

from visgate_export.pocket.architectures import LATENT_SCALE
from visgate_export.pocket.autoencoding import encode, redraw
from visgate_export.pocket.picture_tensors import UInt8Array
from visgate_server.diffusion.fitted_pictures import MID_GREY

_AT_ONCE = 256
_DRAWN_SHARE = 0.3
"""Of the pictures before, how many go through the autoencoder first: pictures to be changed were mostly drawn by it."""
_BLURRED_SHARE, _NOISY_SHARE = 0.1, 0.1
_VISIBLE_CHANGE = 12
"""Of 255; below that a cell of the picture counts as unchanged."""
_UNCHANGED_IMPORTANCE = 0.3
"""Beside 1 where something changes: most cells stay as they are, and that is soon learned."""


@dataclass(frozen=True)
class Lesson:
    """One change.

    Attributes:
        before: [64, 64, 3] RGB 0–255.
        after: [64, 64, 3] RGB 0–255.
        texts: several ways to ask for it.
        mask: [64, 64] where the picture may change; None where words alone say what changes.
    """

    before: UInt8Array
    after: UInt8Array
    texts: tuple[str, ...]
    mask: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class LessonBank:
    """Many lessons as a UNet sees them.

    Attributes:
        after: [lessons, 8, 8, 8] fp16, scaled latents.
        beside: [lessons, 8 or 9, 8, 8] fp16, what the UNet sees beside the noisy latents, as the engine lays it out.
        importance: [lessons, 1, 8, 8] fp16, how much each cell counts.
        texts: several for each lesson.
    """

    after: torch.Tensor
    beside: torch.Tensor
    importance: torch.Tensor
    texts: Sequence[tuple[str, ...]]


def fill_lessons(autoencoder: AutoencoderKL, lessons: Iterator[Lesson], count: int, seed: int) -> LessonBank:
    """Encodes `count` lessons, all of them with a mask or none."""
    random = np.random.default_rng(seed)
    scaling = autoencoder.config.scaling_factor
    after, beside, importance = [], [], []
    texts: list[tuple[str, ...]] = []
    for _ in track(range(0, count, _AT_ONCE), "encoding lessons"):
        batch = list(islice(lessons, _AT_ONCE))
        before = _as_met(autoencoder, [lesson.before for lesson in batch], random)
        shown = [_hidden(picture, lesson.mask) for picture, lesson in zip(before, batch, strict=True)]
        latents = encode(autoencoder, shown)
        if batch[0].mask is None:
            beside.append(latents.half())  # InstructPix2Pix takes them unscaled
        else:
            masks = np.stack([_sampled(lesson.mask) for lesson in batch])
            beside.append(torch.cat((torch.from_numpy(masks), scaling * latents), dim=1).half())
        after.append((scaling * encode(autoencoder, [lesson.after for lesson in batch])).half())
        importance.append(_importance(batch).half())
        texts += [lesson.texts for lesson in batch]
    return LessonBank(torch.cat(after), torch.cat(beside), torch.cat(importance), texts)


def _as_met(autoencoder: AutoencoderKL, pictures: list[UInt8Array], random: np.random.Generator) -> list[UInt8Array]:
    """Pictures as they are met in service: some drawn, some a little blurred or noisy."""
    met = list(pictures)
    drawn = np.flatnonzero(random.random(len(pictures)) < _DRAWN_SHARE)
    if drawn.size:
        redrawn = redraw(autoencoder, [pictures[index] for index in drawn], noise=0.0)
        for index, picture in zip(drawn, redrawn, strict=True):
            met[index] = picture
    for index, picture in enumerate(met):
        if random.random() < _BLURRED_SHARE:
            met[index] = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.3, 0.7))), np.uint8)
        if random.random() < _NOISY_SHARE:
            noisy = met[index] + random.normal(0, random.uniform(1, 4), picture.shape)
            met[index] = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return met


def _hidden(picture: UInt8Array, mask: npt.NDArray[np.bool_] | None) -> UInt8Array:
    return picture if mask is None else np.where(mask[..., None], np.uint8(MID_GREY), picture)


def _sampled(mask: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.float32]:
    """[1, 8, 8], an element a latent, as the engine takes it; every mask of a bank is there if the first is.

    Raises:
        ValueError: one lesson has no mask while others have.
    """
    if mask is None:
        raise ValueError("a lesson without a mask among lessons with masks: fill a bank of its own with them")
    return mask[None, ::LATENT_SCALE, ::LATENT_SCALE].astype(np.float32)


def _importance(batch: list[Lesson]) -> torch.Tensor:
    """[N, 1, 8, 8]: 1 in cells where something may change, less elsewhere; 1 on the mean of each lesson."""
    places = []
    for lesson in batch:
        changed = np.abs(lesson.after.astype(np.int16) - lesson.before).max(2) > _VISIBLE_CHANGE
        places.append(changed if lesson.mask is None else changed | lesson.mask)
    cells = functional.max_pool2d(torch.from_numpy(np.stack(places)).float()[:, None], LATENT_SCALE)
    weights = cells + (1 - cells) * _UNCHANGED_IMPORTANCE
    return weights / weights.mean((1, 2, 3), keepdim=True)
