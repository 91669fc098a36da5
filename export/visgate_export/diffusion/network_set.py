"""Says what a set of diffusion networks is made of, pocket and full alike; loads and exports none of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from visgate_export.recipe import Materials
from visgate_export.sources import Member

if TYPE_CHECKING:  # torch is only imported where a network is really built
    import numpy as np
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from numpy.typing import NDArray
    from transformers import CLIPTextModel

Network = TypeVar("Network", covariant=True)


class Precision(Enum):
    """The numbers that a network computes with; its inputs and outputs are float32 all the same."""

    SINGLE = "fp32"
    HALF = "fp16"


@dataclass(frozen=True)
class Part(Generic[Network]):
    """One network of a set."""

    title: str
    """One line for people."""
    licence: str
    """SPDX identifier, or the licence's own name where it has none."""
    members: tuple[Member, ...]
    """What `load` reads."""
    load: Callable[[Materials], Network]
    """The network in float32 and evaluation mode; called anew for the build and for the check."""


@dataclass(frozen=True)
class TextRules:
    """How token ids of a prompt are laid out."""

    length: int
    """Tokens of a prompt, marks and padding included."""
    begin_token: int
    end_token: int
    pad_token: int


@dataclass(frozen=True)
class PromptTokenizer:
    """A tokenizer of CLIP's kind."""

    file: str
    """Text of a `tokenizers` file."""
    rules: TextRules


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
class NetworkSet:
    """Diffusion networks that belong together."""

    name: str
    """For example `pocket`."""
    precision: Precision
    text_encoder: "Part[CLIPTextModel]"
    autoencoder: "Part[AutoencoderKL]"
    unets: "Mapping[str, Part[UNet2DConditionModel]]"
    """By what they are for; `base`, which takes residuals, is always there."""
    controls: "Mapping[str, Part[ControlNetModel]]"
    """By kind of control picture."""
    tokenizer: Part[PromptTokenizer]
    noise: Part[NoiseSchedule]
    pictures: "Callable[[], NDArray[np.uint8]]"
    """[N,H,W,3]: pictures such as the autoencoder is for, from which previews learn the colours of latents."""
    default_guidance: float
    unet_guidance: Mapping[str, float] = field(default_factory=dict)
    """Guidance by what the UNet is for, where it is another than the default."""
    default_image_guidance: float = 1.5
    """How closely the UNet for edits keeps to the picture; InstructPix2Pix's own default."""
