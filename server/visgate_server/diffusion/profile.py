"""What the networks of a diffusion model folder expect and give, kept in its `profile.json`; opens no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from visgate_server.errors import NetworkError
from visgate_server.settings_files import read_settings_file

PROFILE_FILE = "profile.json"


@dataclass(frozen=True)
class Residual:
    """A tensor that a ControlNet adds to the UNet.

    Attributes:
        name: of the UNet's input and the ControlNet's output.
        channels: of the tensor.
        scale: latents per element, each way, rounded up.
    """

    name: str
    channels: int
    scale: int

    def shape(self, rows: int, height: int, width: int) -> tuple[int, int, int, int]:
        """The tensor's shape for that many rows of latents of that height and width."""
        return rows, self.channels, -(-height // self.scale), -(-width // self.scale)


@dataclass(frozen=True)
class DiffusionProfile:
    """A set of diffusion networks that belong together.

    Attributes:
        name: of the set.
        latent_channels: of the autoencoder.
        latent_scale: pixels per latent, each way.
        scaling_factor: what the autoencoder's own latents were multiplied by; the edit UNet sees them without it.
        text_length: tokens of a prompt with its begin and end mark and padding.
        begin_token: the id that a prompt starts with.
        end_token: the id that a prompt ends with.
        pad_token: the id that fills up a short prompt.
        train_timesteps: timesteps of the noise schedule that the UNet was trained with.
        beta_start: that schedule's first variance.
        beta_end: that schedule's last variance.
        beta_schedule: how the variances run between them: `scaled_linear` or `linear`.
        prediction: what the UNet predicts: `epsilon` or `v_prediction`.
        steps_offset: added to the timesteps of DDIM and the Euler schedulers.
        side: pixels of a drawing each way, where the request does not say.
        max_side: the most pixels of a drawing each way.
        size_multiple: a drawing's width and height are multiples of this many pixels.
        default_guidance: guidance scale where the request does not say.
        latent_rgb: a row a latent channel, of its share in red, green and blue (0–1), for previews.
        latent_rgb_bias: red, green and blue (0–1) of latents that are zero.
        residuals: what the base UNet takes from a ControlNet.
        unets: network file by UNet name; there is always a `base`.
        controls: network file by kind of ControlNet.
        unet_guidance: guidance scale by UNet name, of those whose default is another than `default_guidance`.
        default_image_guidance: how closely the edit UNet keeps to the picture, where the request does not say.
    """

    name: str
    latent_channels: int
    latent_scale: int
    scaling_factor: float
    text_length: int
    begin_token: int
    end_token: int
    pad_token: int
    train_timesteps: int
    beta_start: float
    beta_end: float
    beta_schedule: str
    prediction: str
    steps_offset: int
    side: int
    max_side: int
    size_multiple: int
    default_guidance: float
    latent_rgb: tuple[tuple[float, ...], ...]
    latent_rgb_bias: tuple[float, ...]
    residuals: tuple[Residual, ...]
    unets: Mapping[str, str]
    controls: Mapping[str, str]
    unet_guidance: Mapping[str, float] = field(default_factory=dict)
    default_image_guidance: float = 1.5

    def __post_init__(self) -> None:
        if "base" not in self.unets:
            raise NetworkError(f"{PROFILE_FILE} names no base UNet: run `make models` to export it anew")

    def guidance_of(self, unet: str) -> float:
        """The guidance scale of a UNet where the request does not say."""
        return self.unet_guidance.get(unet, self.default_guidance)

    def to_json(self) -> str:
        """The text of the file that `read_profile` reads, the same for the same profile; the export writes it."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_profile(folder: Path) -> DiffusionProfile:
    """Reads the profile of a model's version folder.

    Raises:
        NetworkError: the file is missing, damaged or lacks something.
    """
    return read_settings_file(folder / PROFILE_FILE, _profile)


def _profile(entries: dict[str, Any]) -> DiffusionProfile:
    known = {known.name for known in fields(DiffusionProfile)}
    values = {name: value for name, value in entries.items() if name in known}
    values["latent_rgb"] = tuple(tuple(row) for row in entries["latent_rgb"])
    values["latent_rgb_bias"] = tuple(entries["latent_rgb_bias"])
    values["residuals"] = tuple(Residual(**residual) for residual in entries["residuals"])
    return DiffusionProfile(**values)
