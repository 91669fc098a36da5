"""DPT, which says how near each pixel is: the pocket network, or MiDaS' DPT-Hybrid, by the same code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.sources import FolderSource, Member

if TYPE_CHECKING:
    import onnx
    from transformers import DPTForDepthEstimation

MODEL = "depth_estimation"
SETTINGS = "depth.json"
MIDAS = Checkpoint("Intel/dpt-hybrid-midas", "Apache-2.0")
_POCKET_WEIGHTS = FolderSource("visgate's own weights", Path(__file__).parents[1] / "pocket" / "weights").member(
    "depth_estimation.safetensors"
)

_SOBEL_GAIN = 8.0
_CONTROL_NET_Z = 6.283185307179586
"""ControlNet's annotator sets the third component of an unscaled normal to 2π; the others are Sobel gradients."""


@dataclass(frozen=True)
class DepthSettings:
    """What the server has to know of a network's output.

    Attributes:
        full_scale: the output that a white pixel stands for; None for the largest of each picture.
        relief: how many widths of the picture one unit of the output is deep, for normals.
    """

    full_scale: float | None
    relief: float


@dataclass(frozen=True)
class DepthNetwork:
    """A network with what it takes and gives."""

    network: "DPTForDepthEstimation"
    pictures: PictureRules
    settings: DepthSettings


@dataclass(frozen=True)
class _Origin:
    name: str
    title: str
    licence: str
    member: Member
    load: Callable[[Path], DepthNetwork]


def _build(loaded: DepthNetwork) -> "onnx.ModelProto":
    """`image` -> `nearness` [N,H,W], of the input's size: larger is nearer, in the network's own unit."""
    import torch

    from visgate_export.graph_surgery import set_output
    from visgate_export.preprocessing import Layout, PictureInput, mean_and_std, with_picture_input
    from visgate_export.torch_export import export_module

    class Nearness(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
        def __init__(self) -> None:
            super().__init__()
            self.network = loaded.network

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return self.network(pixel_values=pixel_values).predicted_depth

    rules = loaded.pictures
    example = {"pixel_values": torch.zeros(2, 3, rules.height, rules.width)}
    model = export_module(Nearness().eval(), example, {"pixel_values": {0: "N"}}, ["depth"])
    set_output(model, "depth", "nearness", ["N", rules.height, rules.width])
    scale, offset = mean_and_std(rules.mean, rules.std)
    return with_picture_input(model, PictureInput(rules.height, rules.width, Layout.NCHW, scale=scale, offset=offset))


def _check(network: Path, loaded: DepthNetwork) -> ParityReport:
    """Against transformers' own forward pass, pictures prepared in NumPy, one at a time."""
    import torch

    from visgate_export.parity import Inputs, Outputs, compare, row_by_row
    from visgate_export.recipes.picture_batches import prepared, sample_batches

    def evaluate(inputs: Inputs) -> Outputs:
        with torch.inference_mode():
            pixels = torch.from_numpy(prepared(inputs["image"], loaded.pictures))
            return {"nearness": loaded.network(pixel_values=pixels).predicted_depth.numpy()}

    batches = sample_batches(loaded.pictures)
    # One ten-thousandth of the largest value that is there: MiDaS' unit makes that thousands.
    largest = max(float(evaluate(batch)["nearness"].max()) for batch in batches)
    name = f"PyTorch {torch.__version__.partition('+')[0]}, transformers' DPTForDepthEstimation"
    return compare(network, row_by_row(evaluate), name, batches, {"nearness": 1e-4 * max(largest, 1.0)})


def _recipe(origin: _Origin) -> NetworkRecipe:
    def loaded(materials: Materials) -> DepthNetwork:
        return origin.load(materials.path(origin.member))

    def settings(materials: Materials) -> bytes:
        made = loaded(materials)
        entries = {
            "height": made.pictures.height,
            "width": made.pictures.width,
            "full_scale": made.settings.full_scale,
            "relief": made.settings.relief,
        }
        return (json.dumps(entries, indent=2) + "\n").encode()

    return NetworkRecipe(
        name=origin.name,
        model=MODEL,
        file_name="depth.onnx",
        title=origin.title,
        licence=origin.licence,
        members=(origin.member,),
        build=lambda materials: _build(loaded(materials)),
        check=lambda network, materials: _check(network, loaded(materials)),
        extra_files=(ExtraFile(SETTINGS, settings),),
    )


def _load_pocket(weights: Path) -> DepthNetwork:
    from visgate_export.pocket.dense.architectures import INPUT_SIDE
    from visgate_export.pocket.dense.weights import load_depth_network

    half = (0.5, 0.5, 0.5)
    rules = PictureRules(INPUT_SIDE, INPUT_SIDE, half, half)
    # It learned nearness as it is drawn in depth pictures, so a picture's brightest pixel need not be white.
    return DepthNetwork(load_depth_network(weights.parent), rules, DepthSettings(full_scale=1.0, relief=1.0))


def _load_full(folder: Path) -> DepthNetwork:
    import torch
    from transformers import DPTForDepthEstimation, logging

    from visgate_export.checkpoints import read_picture_rules

    logging.disable_progress_bar()
    network = DPTForDepthEstimation.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", use_safetensors=True, local_files_only=True
    )
    rules = read_picture_rules(folder)
    relief = _SOBEL_GAIN / (_CONTROL_NET_Z * max(rules.height, rules.width))
    return DepthNetwork(network.eval().requires_grad_(False), rules, DepthSettings(full_scale=None, relief=relief))


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """Visual ChatGPT's network, in place of the pocket one; nothing where `weights` lacks it."""
    if not MIDAS.is_there(weights):
        return ()
    origin = _Origin("dpt_midas", "DPT-Hybrid (MiDaS 3.0)", MIDAS.licence, MIDAS.member(weights), _load_full)
    return (_recipe(origin),)


RECIPES = (
    _recipe(_Origin("dpt_pocket", "Pocket DPT-Hybrid, 128 pixels", "Apache-2.0", _POCKET_WEIGHTS, _load_pocket)),
)
