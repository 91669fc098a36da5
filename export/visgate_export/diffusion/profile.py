"""Describes a set of diffusion networks to the engine (profile.json); `set_profile` works out what it says."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from visgate_export.diffusion.latent_colours import LatentColours
from visgate_export.diffusion.residuals import Residual


@dataclass(frozen=True)
class TextRules:
    """How token ids of a prompt are laid out."""

    length: int
    """Tokens of a prompt, marks and padding included."""
    begin_token: int
    end_token: int
    pad_token: int


@dataclass(frozen=True)
class NoiseSchedule:
    """The noise that the UNet was trained on, in diffusers' words (`DDIMScheduler`)."""

    train_timesteps: int
    beta_start: float
    beta_end: float
    beta_schedule: str = "scaled_linear"
    prediction: str = "epsilon"
    steps_offset: int = 1


@dataclass(frozen=True)
class Limits:
    """Which pictures the networks are good for, in pixels, and how strongly they follow a prompt by default."""

    side: int
    max_side: int
    size_multiple: int
    default_guidance: float


@dataclass(frozen=True)
class DiffusionProfile:
    """All that the engine must know beside the ONNX files."""

    name: str
    latent_channels: int
    latent_scale: int
    """Pixels per latent, each way."""
    scaling_factor: float
    """What the VAE's latents are multiplied by: InstructPix2Pix takes a picture's latents without it."""
    text: TextRules
    noise: NoiseSchedule
    limits: Limits
    colours: LatentColours
    residuals: tuple[Residual, ...]
    unets: Mapping[str, str]
    """File names by what the UNet is for (`base`, `edit`, `inpaint`)."""
    controls: Mapping[str, str]
    """File names by kind of control picture (`edges`, `depth`)."""

    unet_guidance: Mapping[str, float]
    """Guidance by what the UNet is for, where it is another than the default."""
    default_image_guidance: float
    """How closely the UNet for edits keeps to the picture."""

    def to_json(self) -> str:
        """The file's text, the same for the same profile."""
        entries = {
            "name": self.name,
            "latent_channels": self.latent_channels,
            "latent_scale": self.latent_scale,
            "scaling_factor": self.scaling_factor,
            "text_length": self.text.length,
            "begin_token": self.text.begin_token,
            "end_token": self.text.end_token,
            "pad_token": self.text.pad_token,
            **asdict(self.noise),
            **asdict(self.limits),
            "latent_rgb": [list(row) for row in self.colours.weights],
            "latent_rgb_bias": list(self.colours.bias),
            "residuals": [asdict(residual) for residual in self.residuals],
            "unets": dict(self.unets),
            "controls": dict(self.controls),
            "unet_guidance": dict(self.unet_guidance),
            "default_image_guidance": self.default_image_guidance,
        }
        return json.dumps(entries, indent=1) + "\n"
