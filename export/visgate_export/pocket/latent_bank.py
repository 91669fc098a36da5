"""Scenes folded to latents in advance, so that a UNet learns without the autoencoder; draws no noise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from rich.progress import track

from visgate_export.pocket.autoencoding import encode
from visgate_export.pocket.captions import OMITTED_SHARE, caption
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Scene, scenes
from visgate_export.pocket.sprites import read_sprites

_ENCODED_AT_ONCE = 256

ControlPicture = Callable[[SceneRenderer, Scene, np.random.Generator], npt.NDArray[np.uint8]]
"""Makes the control picture of a scene, [64, 64, 3] RGB 0–255; chance comes from the generator."""


@dataclass(frozen=True)
class LatentBank:
    """Scenes for training, none of them held out.

    Attributes:
        scenes: what each shows.
        latents: [scenes, 8, 8, 8] fp16, scaled to a standard deviation of 1.
        controls: [scenes, 64, 64, 3] uint8 control pictures, where a ControlNet is trained.
    """

    scenes: list[Scene]
    latents: torch.Tensor
    controls: torch.Tensor | None = None

    def batch(self, random: np.random.Generator, size: int, unsaid: float) -> tuple[torch.Tensor, list[str]]:
        """The indices of a random batch, and a caption for each, which is empty with the chance `unsaid`."""
        chosen = random.integers(len(self.scenes), size=size)
        texts = [
            "" if random.random() < unsaid else caption(self.scenes[index].combination, random, omit=OMITTED_SHARE).text
            for index in chosen
        ]
        return torch.from_numpy(chosen), texts

    def control_batch(self, chosen: torch.Tensor) -> torch.Tensor:
        """The control pictures of a batch, [N, 3, 64, 64], 0–1.

        Raises:
            ValueError: the bank was filled without control pictures.
        """
        if self.controls is None:
            raise ValueError("this bank has no control pictures: fill it with a `control_picture`")
        return (self.controls[chosen].float() / 255).permute(0, 3, 1, 2)


def fill_bank(
    autoencoder: AutoencoderKL,
    count: int,
    seed: int,
    control_picture: ControlPicture | None = None,
    *,
    source: Iterator[Scene] | None = None,
) -> LatentBank:
    """Renders and encodes at least `count` scenes.

    Args:
        autoencoder: makes the latents.
        count: of scenes, rounded up to whole batches.
        seed: of the scenes, and of chance in control pictures.
        control_picture: makes a control picture of each scene.
        source: where the scenes come from instead; none may be held out.
    """
    renderer, random = SceneRenderer(read_sprites()), np.random.default_rng(seed)
    source = scenes(seed) if source is None else source
    drawn, latents, controls = [], [], []
    for _ in track(range(0, count, _ENCODED_AT_ONCE), "encoding scenes"):
        batch = [next(source) for _ in range(_ENCODED_AT_ONCE)]
        unscaled = encode(autoencoder, [renderer.picture(scene) for scene in batch])
        latents.append((unscaled * autoencoder.config.scaling_factor).half())
        drawn += batch
        if control_picture is not None:
            controls += [torch.from_numpy(control_picture(renderer, scene, random)) for scene in batch]
    return LatentBank(drawn, torch.cat(latents), torch.stack(controls) if controls else None)
