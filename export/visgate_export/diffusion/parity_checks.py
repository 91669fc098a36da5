"""Compares exported diffusion networks with diffusers' and transformers' own, unwrapped and a row at a time."""

from dataclasses import dataclass
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from numpy.typing import NDArray
from transformers import CLIPTextModel

from visgate_export.diffusion.graphs import PIXELS_PER_LATENT, TEXT_LENGTH
from visgate_export.diffusion.network_set import Precision
from visgate_export.diffusion.residuals import MID, down, residuals_of
from visgate_export.diffusion.wrappers import pixels_per_cell
from visgate_export.parity import Array, Evaluate, Inputs, Outputs, compare, pytorch_doing, row_by_row
from visgate_export.recipe import ParityReport
from visgate_export.sample_pictures import photographs

_BATCHES = ((1, 64, 64), (3, 128, 64))
"""Rows, and height and width in pixels: two batch sizes and two picture sizes, one of them not square."""
_TIMESTEPS = (979.7, 500.3, 1.0)
"""A row each; the Euler schedulers' are fractional, and float16 cannot say the first two."""
_SEED = 7


@dataclass(frozen=True)
class Tolerances:
    """Largest absolute differences that pass, in each output's own unit; all but pictures are about 1 to 10."""

    embedding: float
    latents: float
    picture: float
    """Of 255."""
    noise: float
    residual: float


TOLERANCES = {
    Precision.SINGLE: Tolerances(embedding=1e-4, latents=1e-4, picture=1, noise=1e-4, residual=1e-4),
    # fp16 has 11 significant bits, so a value of 8 is right to 4e-3 before anything is computed with it.
    Precision.HALF: Tolerances(embedding=5e-2, latents=5e-2, picture=4, noise=2e-2, residual=5e-2),
}


def check_text_encoder(network: Path, original: CLIPTextModel, tolerances: Tolerances) -> ParityReport:
    """Against the hidden states of transformers' model with its fused attention."""
    random = np.random.default_rng(_SEED)
    shape = (max(rows for rows, *_ in _BATCHES), TEXT_LENGTH)
    ids = random.integers(0, original.config.vocab_size, shape, dtype=np.int64)

    def reference(inputs: Inputs) -> Outputs:
        return {"embedding": _numpy(original(input_ids=torch.from_numpy(inputs["input_ids"])).last_hidden_state)}

    return compare(
        network,
        _without_gradients(reference),
        _named("CLIPTextModel", transformers.__version__, "transformers"),
        [{"input_ids": ids[:rows]} for rows, *_ in _BATCHES],
        {"embedding": tolerances.embedding},
    )


def check_latent_encoder(network: Path, original: AutoencoderKL, tolerances: Tolerances) -> ParityReport:
    """Against diffusers' posterior mean times its scaling factor, pixels folded into channels by NumPy."""

    def reference(inputs: Inputs) -> Outputs:
        cells = torch.from_numpy(_folded(inputs["image"], pixels_per_cell(original)))
        return {"latents": _numpy(original.encode(cells).latent_dist.mean * original.config.scaling_factor)}

    return compare(
        network,
        _without_gradients(reference),
        _named("AutoencoderKL"),
        [{"image": photographs(height, width, rows)} for rows, height, width in _BATCHES],
        {"latents": tolerances.latents},
    )


def check_latent_decoder(network: Path, original: AutoencoderKL, tolerances: Tolerances) -> ParityReport:
    """Against diffusers' decoded picture, made 0–255 by NumPy."""

    def reference(inputs: Inputs) -> Outputs:
        latents = torch.from_numpy(inputs["latents"]) / original.config.scaling_factor
        return {"image": _unfolded(_numpy(original.decode(latents).sample), pixels_per_cell(original))}

    random = np.random.default_rng(_SEED)
    batches = [
        {"latents": _noise(random, rows, original.config.latent_channels, height, width)}
        for rows, height, width in _BATCHES
    ]
    tolerance = {"image": tolerances.picture}
    return compare(network, _without_gradients(reference), _named("AutoencoderKL"), batches, tolerance)


def check_unet(
    network: Path, original: UNet2DConditionModel, tolerances: Tolerances, *, residuals: bool
) -> ParityReport:
    """Against diffusers' UNet, given the same residuals if the network takes any."""
    places = residuals_of(original) if residuals else ()
    random = np.random.default_rng(_SEED)

    def residual_inputs(rows: int, height: int, width: int) -> dict[str, Array]:
        return {
            place.name: _noise(random, rows, place.channels, height // place.scale, width // place.scale)
            for place in places
        }

    def reference(inputs: Inputs) -> Outputs:
        given = [torch.from_numpy(inputs[place.name]) for place in places]
        result = original(
            *_denoiser_arguments(inputs),
            down_block_additional_residuals=given[:-1] or None,
            mid_block_additional_residual=given[-1] if given else None,
        )
        return {"noise": _numpy(result.sample)}

    batches = [{**_denoiser_inputs(random, original, *batch), **residual_inputs(*batch)} for batch in _BATCHES]
    tolerance = {"noise": tolerances.noise}
    return compare(network, _without_gradients(reference), _named("UNet2DConditionModel"), batches, tolerance)


def check_control(network: Path, original: ControlNetModel, tolerances: Tolerances) -> ParityReport:
    """Against diffusers' ControlNet, given the control picture as 0–1."""
    random = np.random.default_rng(_SEED)

    def reference(inputs: Inputs) -> Outputs:
        picture = torch.from_numpy(inputs["control"].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255))
        result = original(*_denoiser_arguments(inputs), controlnet_cond=picture)
        named = {down(index): _numpy(tensor) for index, tensor in enumerate(result.down_block_res_samples)}
        return {**named, MID: _numpy(result.mid_block_res_sample)}

    batches = [
        {
            **_denoiser_inputs(random, original, *batch),
            "control": photographs(batch[1], batch[2], batch[0]),
        }
        for batch in _BATCHES
    ]
    tolerance = {place.name: tolerances.residual for place in residuals_of(original)}
    return compare(network, _without_gradients(reference), _named("ControlNetModel"), batches, tolerance)


def _denoiser_inputs(
    random: np.random.Generator,
    original: UNet2DConditionModel | ControlNetModel,
    rows: int,
    height: int,
    width: int,
) -> dict[str, Array]:
    words = random.standard_normal((rows, TEXT_LENGTH, original.config.cross_attention_dim), dtype=np.float32)
    return {
        "sample": _noise(random, rows, original.config.in_channels, height, width),
        "timestep": np.array(_TIMESTEPS[:rows], np.float32),
        "embedding": words,
    }


def _denoiser_arguments(inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    sample, timestep, embedding = (torch.from_numpy(inputs[name]) for name in ("sample", "timestep", "embedding"))
    return sample, timestep, embedding


def _noise(random: np.random.Generator, rows: int, channels: int, height: int, width: int) -> NDArray[np.float32]:
    """Latents for pictures of that size in pixels."""
    shape = (rows, channels, height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
    return random.standard_normal(shape, dtype=np.float32)


def _folded(pictures: Array, cell: int) -> NDArray[np.float32]:
    """uint8 [N,H,W,3] → [N, 3·cell², H/cell, W/cell], −1 to 1; a channel's pixels stay together, row by row."""
    rows, height, width, colours = pictures.shape
    cells = pictures.reshape(rows, height // cell, cell, width // cell, cell, colours).transpose(0, 5, 2, 4, 1, 3)
    flat = cells.reshape(rows, colours * cell * cell, height // cell, width // cell)
    return np.ascontiguousarray(flat.astype(np.float32) / np.float32(127.5) - 1)


def _unfolded(cells: Array, cell: int) -> NDArray[np.uint8]:
    """The way back from `_folded`."""
    rows, channels, height, width = cells.shape
    colours = channels // cell**2
    pictures = cells.reshape(rows, colours, cell, cell, height, width).transpose(0, 4, 2, 5, 3, 1)
    flat = pictures.reshape(rows, height * cell, width * cell, colours)
    return np.rint(np.clip((flat + 1) * 127.5, 0, 255)).astype(np.uint8)


def _without_gradients(reference: Evaluate) -> Evaluate:
    def evaluate(inputs: Inputs) -> Outputs:
        with torch.inference_mode():
            return reference(inputs)

    return row_by_row(evaluate)


def _numpy(tensor: torch.Tensor) -> Array:
    array: Array = tensor.numpy()
    return array


def _named(network: str, version: str = diffusers.__version__, library: str = "diffusers") -> str:
    return pytorch_doing(f"{library} {version} {network}, row by row")
