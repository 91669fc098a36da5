"""Opens the networks of a diffusion model folder and checks that they belong to its profile; draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.prompts import PromptTokenizer, open_tokenizer
from visgate_server.errors import NetworkError
from visgate_server.networks import Network, open_network

UNET_INPUTS = ("sample", "timestep", "embedding")


@dataclass(frozen=True)
class DiffusionNetworks:
    """Everything that the engine runs.

    Attributes:
        tokenizer: prompt to tokens.
        text_encoder: `input_ids` int64 [N, 77] to `embedding` f32 [N, 77, D].
        vae_encoder: `image` uint8 [N, H, W, 3] to scaled `latents` f32 [N, C, h, w].
        vae_decoder: scaled `latents` to `image`, the same types.
        unets: by name; `sample` f32 [N, C or more, h, w], `timestep` f32 [N], `embedding`, and the base UNet's
            residuals, to `noise` f32 [N, C, h, w].
        controls: by kind; a UNet's first three inputs and `control` uint8 [N, H, W, 3] to the residuals.
    """

    tokenizer: PromptTokenizer
    text_encoder: Network
    vae_encoder: Network
    vae_decoder: Network
    unets: Mapping[str, Network]
    controls: Mapping[str, Network]


def open_networks(folder: Path, profile: DiffusionProfile, device: str | None = None) -> DiffusionNetworks:
    """Opens a model's version folder.

    Args:
        folder: where the export put the networks.
        profile: what the folder's `profile.json` says.
        device: as for `open_network`.

    Raises:
        NetworkError: a network is missing, unreadable, or does not have the inputs that the profile names.
        DeviceError: the device is unknown or not available here.
    """
    networks = DiffusionNetworks(
        tokenizer=open_tokenizer(folder, profile),
        text_encoder=open_network(folder / "text_encoder.onnx", device),
        vae_encoder=open_network(folder / "vae_encoder.onnx", device),
        vae_decoder=open_network(folder / "vae_decoder.onnx", device),
        unets={name: open_network(folder / file, device) for name, file in profile.unets.items()},
        controls={kind: open_network(folder / file, device) for kind, file in profile.controls.items()},
    )
    residuals = tuple(residual.name for residual in profile.residuals)
    for name, unet in networks.unets.items():
        _check_inputs(profile.unets[name], unet, UNET_INPUTS + (residuals if name == "base" else ()))
    for kind, control in networks.controls.items():
        _check_inputs(profile.controls[kind], control, (*UNET_INPUTS, "control"))
    return networks


def _check_inputs(file: str, network: Network, expected: tuple[str, ...]) -> None:
    if set(network.input_names) != set(expected):
        raise NetworkError(
            f"{file} takes {', '.join(sorted(network.input_names))} where its profile says "
            f"{', '.join(sorted(expected))}: run `make models` to export both anew"
        )
