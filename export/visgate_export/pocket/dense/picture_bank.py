"""Scenes with their truth, as pictures that tools receive: rendered, drawn by the autoencoder, soft, noisy, shrunk.

Tools see what the diffusion model drew, often enlarged four times, as well as clean renderings. A network that had
only learned clean ones would be lost on those.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from visgate_export.pocket.autoencoding import redraw_all
from visgate_export.pocket.dense.architectures import INPUT_SIDE
from visgate_export.pocket.palette import class_map
from visgate_export.pocket.picture_tensors import UInt8Array, to_tensor
from visgate_export.pocket.rendering import Rendering, SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene, scenes
from visgate_export.pocket.sprites import read_sprites

_MEASURED_AT_ONCE = 50
_REDRAWN_SHARE = 0.4
_WIDENED_SHARE = 0.12
_ENLARGED = 4
"""Drawings are shown four times enlarged."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A picture and what is true about it.

    Attributes:
        picture: [64, 64, 3] RGB 0–255.
        nearness: [64, 64], 0 far to 1 near.
        classes: [64, 64], each pixel's place in `palette.CLASS_NAMES`.
    """

    picture: UInt8Array
    nearness: FloatArray
    classes: UInt8Array


@dataclass(frozen=True)
class PictureBank:
    """Many samples.

    Attributes:
        pictures: uint8 [N, 3, 64, 64].
        nearness: fp32 [N, 64, 64].
        classes: uint8 [N, 64, 64].
    """

    pictures: torch.Tensor
    nearness: torch.Tensor
    classes: torch.Tensor

    def batches(self, size: int, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Random pictures [size, 3, 128, 128], −1 to 1, and their numbers in the bank, for ever."""
        random = torch.Generator().manual_seed(seed)
        while True:
            chosen = torch.randint(len(self.pictures), (size,), generator=random)
            way = int(torch.randint(3, (), generator=random))
            yield _ENLARGEMENTS[way](self.pictures[chosen].float() / 127.5 - 1).clamp(-1, 1), chosen


def fill_bank(count: int, seed: int) -> PictureBank:
    """Renders `count` scenes, none of them held out, and roughens them; two in five are first drawn by the VAE."""
    renderer, random = SceneRenderer(read_sprites()), np.random.default_rng(seed)
    source = scenes(seed)
    samples = [sample_of(scene, renderer.render(scene)) for scene in (next(source) for _ in range(count))]
    redrawn = round(count * _REDRAWN_SHARE)
    pictures = redraw_all([sample.picture for sample in samples[:redrawn]])
    pictures += [sample.picture for sample in samples[redrawn:]]
    varied = [
        _varied(Sample(picture, sample.nearness, sample.classes), random)
        for picture, sample in zip(pictures, samples, strict=True)
    ]
    return PictureBank(
        torch.from_numpy(np.stack([sample.picture for sample in varied])).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(np.stack([sample.nearness for sample in varied])),
        torch.from_numpy(np.stack([sample.classes for sample in varied])),
    )


def sample_of(scene: Scene, rendering: Rendering) -> Sample:
    """A rendered scene with the class of every pixel."""
    classes = class_map((placed.name for placed in scene.objects), rendering.masks)
    return Sample(rendering.picture, rendering.nearness, classes)


def held_out_batches(count: int, seed: int) -> Iterator[tuple[torch.Tensor, list[Sample]]]:
    """Clean pictures of held-out scenes as a network takes them, [50, 3, 128, 128], with what is true about them.

    Args:
        count: how many scenes in all, rounded up to whole batches.
        seed: the same seed gives the same scenes.
    """
    renderer, source = SceneRenderer(read_sprites()), scenes(seed, held_out=True)
    for _ in range(0, count, _MEASURED_AT_ONCE):
        batch = [next(source) for _ in range(_MEASURED_AT_ONCE)]
        samples = [sample_of(scene, renderer.render(scene)) for scene in batch]
        yield _enlarge(to_tensor([sample.picture for sample in samples])), samples


def _enlarge(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures [N, 3, 64, 64] to the networks' size, as OpenCV's linear interpolation does it."""
    return functional.interpolate(pictures, size=(INPUT_SIDE, INPUT_SIDE), mode="bilinear", align_corners=False)


def _enlarge_cubic(pictures: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(pictures, size=(INPUT_SIDE, INPUT_SIDE), mode="bicubic", align_corners=False)


def _enlarge_and_shrink(pictures: torch.Tensor) -> torch.Tensor:
    """Four times enlarged with sharpened outlines, as `upscale_image` does it, and shrunk to the networks' size."""
    side = SIDE * _ENLARGED
    large = functional.interpolate(pictures, size=(side, side), mode="bicubic", align_corners=False)
    soft = functional.avg_pool2d(functional.pad(large, (3, 3, 3, 3), mode="replicate"), 7, stride=1)
    return functional.avg_pool2d((large + 0.8 * (large - soft)).clamp(-1, 1), side // INPUT_SIDE)


_ENLARGEMENTS = (_enlarge, _enlarge_cubic, _enlarge_and_shrink)


def _varied(sample: Sample, random: np.random.Generator) -> Sample:
    """Sometimes widened, in other colours, softer, or noisier."""
    if random.random() < _WIDENED_SHARE:
        sample = _widened(sample, random)
    picture = sample.picture.astype(np.float32)
    if random.random() < 0.6:
        middle = picture.mean()
        picture = (picture - middle) * random.uniform(0.85, 1.15) + middle + random.normal(0, 6, 3)
    if random.random() < 0.4:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.3, 0.9))), np.float32)
    if random.random() < 0.4:
        picture = picture + random.normal(0, random.uniform(1, 6), picture.shape)
    return Sample(np.clip(picture + 0.5, 0, 255).astype(np.uint8), sample.nearness, sample.classes)


def _widened(sample: Sample, random: np.random.Generator) -> Sample:
    """More floor beside the scene, and the whole squeezed to its old size, as pictures are that were extended."""
    left, right = (int(side) for side in random.integers(0, SIDE // 2, 2))

    def widen(plane: UInt8Array | FloatArray, interpolation: int) -> npt.NDArray[np.generic]:
        wide = cv2.copyMakeBorder(plane, 0, 0, left, right, cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(wide, (SIDE, SIDE), interpolation=interpolation))

    return Sample(
        widen(sample.picture, cv2.INTER_AREA).astype(np.uint8),
        widen(sample.nearness, cv2.INTER_NEAREST).astype(np.float32),
        widen(sample.classes, cv2.INTER_NEAREST).astype(np.uint8),
    )
