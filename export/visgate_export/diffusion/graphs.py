"""Exports diffusion networks to ONNX under the engine's names and shapes; knows nothing of where weights come from."""

import json
from collections.abc import Mapping, Sequence

import onnx
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from transformers import CLIPTextModel

from visgate_export.diffusion.residuals import residuals_of
from visgate_export.diffusion.wrappers import Control, Denoiser, LatentDecoder, LatentEncoder, TextEncoder
from visgate_export.torch_export import Axes, SharedTraces, export_named, name_outputs, passing_name

PIXELS_PER_LATENT = 8
"""Each way; the same for every VAE of the Stable Diffusion family."""
TEXT_LENGTH = 77
"""Tokens of a prompt, CLIP's."""
_EXAMPLE_ROWS = 2
_EXAMPLE_CELLS = (2, 3)
"""Height and width of the examples at the UNet's coarsest level: not equal, so that the two are not mixed up."""
# Above 63 rows diffusers' up-sampling makes its input contiguous, a branch that the exporter would have to choose. It
# changes no number, and nothing in the exported graph asks for the limit.
_MOST_ROWS = 63


def text_encoder_graph(network: CLIPTextModel) -> onnx.ModelProto:
    """`input_ids` int64 [N,77] → `embedding` float32 [N,77,D]."""
    fused = network.config._attn_implementation
    example = {"input_ids": torch.zeros((_EXAMPLE_ROWS, TEXT_LENGTH), dtype=torch.int64)}
    # Plain attention gives a smaller graph than the fused one and runs a tenth faster in ONNX Runtime; in the UNet,
    # where the fused one has no mask to prepare, the two are equally fast.
    network.set_attn_implementation("eager")
    try:
        return _export(TextEncoder(network).eval(), example, {"input_ids": {0: "N"}}, ["embedding"])
    finally:
        network.set_attn_implementation(fused)


def latent_encoder_graph(network: AutoencoderKL) -> onnx.ModelProto:
    """`image` uint8 [N,H,W,3] → `latents` float32 [N,C,H/8,W/8]."""
    sizes = _Sizes(PIXELS_PER_LATENT)
    example = {"image": torch.zeros((_EXAMPLE_ROWS, *sizes.example(1), 3), dtype=torch.uint8)}
    return _export(LatentEncoder(network).eval(), example, {"image": sizes.axes(1, first=1)}, ["latents"])


def latent_decoder_graph(network: AutoencoderKL) -> onnx.ModelProto:
    """`latents` float32 [N,C,h,w] → `image` uint8 [N,8h,8w,3]."""
    sizes = _Sizes(1)
    example = {"latents": torch.zeros((_EXAMPLE_ROWS, network.config.latent_channels, *sizes.example(1)))}
    return _export(LatentDecoder(network).eval(), example, {"latents": sizes.axes(1)}, ["image"])


def unet_graph(network: UNet2DConditionModel, *, residuals: bool) -> onnx.ModelProto:
    """`sample`, `timestep`, `embedding` → `noise`; with `residuals` also `down_0` … `mid`, all float32.

    Args:
        network: the UNet.
        residuals: whether the graph takes a ControlNet's residuals (zeros where there are none).
    """
    places = residuals_of(network)
    sizes = _Sizes(places[-1].scale)
    tail = {
        place.name: torch.zeros((_EXAMPLE_ROWS, place.channels, *sizes.example(place.scale)))
        for place in (places if residuals else ())
    }
    return _export(
        Denoiser(network).eval(),
        _denoiser_example(network, sizes),
        {**_denoiser_axes(sizes), **{place.name: sizes.axes(place.scale) for place in places}},
        ["noise"],
        tail,
    )


def control_graph(network: ControlNetModel, traces: SharedTraces) -> onnx.ModelProto:
    """`sample`, `timestep`, `embedding`, `control` uint8 [N,8h,8w,3] → `down_0` … `mid`, float32.

    Args:
        network: the ControlNet.
        traces: those of a set are mostly alike.
    """
    places = residuals_of(network)
    sizes = _Sizes(places[-1].scale)
    height, width = sizes.example(1)
    pixels = (_EXAMPLE_ROWS, PIXELS_PER_LATENT * height, PIXELS_PER_LATENT * width, 3)
    example = {
        **_denoiser_example(network, sizes),
        "control": torch.zeros(pixels, dtype=torch.uint8),
    }
    axes = {**_denoiser_axes(sizes), "control": sizes.axes(1, first=1, times=PIXELS_PER_LATENT)}
    names = [place.name for place in places]
    architecture = json.dumps({name: value for name, value in network.config.items() if name[0] != "_"}, default=str)
    passing = [passing_name(name) for name in names]
    return name_outputs(traces.export(architecture, Control(network).eval(), example, axes, passing), names)


def _export(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    axes: Mapping[str, Axes],
    outputs: Sequence[str],
    residuals: Mapping[str, torch.Tensor] | None = None,
) -> onnx.ModelProto:
    more = ("residuals", residuals) if residuals else None
    return export_named(module, example, axes, outputs, more)


class _Sizes:
    """The axes that vary, tied together: heights and widths are multiples of those at the network's coarsest level."""

    def __init__(self, coarsest: int) -> None:
        self._coarsest = coarsest
        self._rows = torch.export.Dim("N", max=_MOST_ROWS)
        self._cells = (torch.export.Dim("rows"), torch.export.Dim("columns"))

    def example(self, scale: int) -> tuple[int, int]:
        """Height and width of an example whose cells are `scale` times as coarse as the finest."""
        factor = self._coarsest // scale
        return factor * _EXAMPLE_CELLS[0], factor * _EXAMPLE_CELLS[1]

    def axes(self, scale: int, first: int = 2, times: int = 1) -> dict[int, torch.export.Dim]:
        """Batch at axis 0; height and width, `times` as large as cells of that scale, from axis `first` on."""
        factor = times * self._coarsest // scale
        height, width = (cells if factor == 1 else factor * cells for cells in self._cells)
        return {0: self._rows, first: height, first + 1: width}


def _denoiser_example(network: UNet2DConditionModel | ControlNetModel, sizes: _Sizes) -> dict[str, torch.Tensor]:
    return {
        "sample": torch.zeros((_EXAMPLE_ROWS, network.config.in_channels, *sizes.example(1))),
        "timestep": torch.zeros(_EXAMPLE_ROWS),
        "embedding": torch.zeros((_EXAMPLE_ROWS, TEXT_LENGTH, network.config.cross_attention_dim)),
    }


def _denoiser_axes(sizes: _Sizes) -> dict[str, dict[int, torch.export.Dim]]:
    batch = {0: sizes.axes(1)[0]}
    return {"sample": sizes.axes(1), "timestep": batch, "embedding": batch}
