"""DPT, which says how near each pixel is: the pocket network, or MiDaS' DPT-Hybrid, by the same code."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.network_origin import NetworkOrigin
from visgate_export.picture_networks import PictureNetworkKind
from visgate_export.pocket.weight_folder import LICENCE, weights_source
from visgate_export.recipe import NetworkRecipe, ParityReport
from visgate_server.depth_settings import SETTINGS_FILE, DepthSettings

if TYPE_CHECKING:
    import onnx
    from transformers import DPTForDepthEstimation

MODEL = "depth_estimation"
MIDAS = Checkpoint("Intel/dpt-hybrid-midas", "Apache-2.0")

_SOBEL_GAIN = 8.0
_CONTROL_NET_Z = 6.283185307179586
"""ControlNet's annotator sets the third component of an unscaled normal to 2π; the others are Sobel gradients."""


@dataclass(frozen=True)
class DepthNetwork:
    """A network with what it takes and gives."""

    network: "DPTForDepthEstimation"
    pictures: PictureRules
    settings: DepthSettings


def _build(loaded: DepthNetwork) -> "onnx.ModelProto":
    """`image` -> `nearness` [N,H,W], of the input's size: larger is nearer, in the network's own unit."""
    import torch

    from visgate_export.picture_graphs import picture_graph

    class Nearness(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
        def __init__(self) -> None:
            super().__init__()
            self.network = loaded.network

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return self.network(pixel_values=pixel_values).predicted_depth

    return picture_graph(Nearness().eval(), loaded.pictures, "nearness")


def _check(network: Path, loaded: DepthNetwork) -> ParityReport:
    """Against transformers' own forward pass, pictures prepared in NumPy, one at a time."""
    import torch

    from visgate_export.parity import Inputs, Outputs, compare, pytorch_doing, row_by_row
    from visgate_export.recipes.picture_batches import prepared, sample_batches

    def evaluate(inputs: Inputs) -> Outputs:
        with torch.inference_mode():
            pixels = torch.from_numpy(prepared(inputs["image"], loaded.pictures))
            return {"nearness": loaded.network(pixel_values=pixels).predicted_depth.numpy()}

    batches = sample_batches(loaded.pictures)
    # One ten-thousandth of the largest value that is there: MiDaS' unit makes that thousands.
    largest = max(float(evaluate(batch)["nearness"].max()) for batch in batches)
    name = pytorch_doing("transformers' DPTForDepthEstimation")
    return compare(network, row_by_row(evaluate), name, batches, {"nearness": 1e-4 * max(largest, 1.0)})


_KIND = PictureNetworkKind(MODEL, "depth.onnx", _build, _check, SETTINGS_FILE, lambda loaded: loaded.settings.to_json())


def _load_pocket(weights: Path) -> DepthNetwork:
    from visgate_export.pocket.dense.architectures import INPUT_SIDE
    from visgate_export.pocket.dense.weights import load_depth_network

    rules = PictureRules.signed_square(INPUT_SIDE)
    # It learned nearness as it is drawn in depth pictures, so a picture's brightest pixel need not be white.
    settings = DepthSettings(rules.height, rules.width, full_scale=1.0, relief=1.0)
    return DepthNetwork(load_depth_network(weights.parent), rules, settings)


def _load_full(folder: Path) -> DepthNetwork:
    from transformers import DPTForDepthEstimation

    from visgate_export.checkpoints import read_picture_rules
    from visgate_export.pretrained import load_pretrained

    network = load_pretrained(DPTForDepthEstimation, folder, attn_implementation="eager")
    rules = read_picture_rules(folder)
    relief = _SOBEL_GAIN / (_CONTROL_NET_Z * max(rules.height, rules.width))
    return DepthNetwork(network, rules, DepthSettings(rules.height, rules.width, full_scale=None, relief=relief))


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """Visual ChatGPT's network, in place of the pocket one; nothing where `weights` lacks it."""
    if not MIDAS.is_there(weights):
        return ()
    title, member = "DPT-Hybrid (MiDaS 3.0)", MIDAS.member(weights)
    return (_KIND.recipe(NetworkOrigin("dpt_midas", title, MIDAS.licence, (member,), _load_full)),)


RECIPES = (
    _KIND.recipe(
        NetworkOrigin(
            "dpt_pocket",
            "Pocket DPT-Hybrid, 128 pixels",
            LICENCE,
            (weights_source().member("depth_estimation.safetensors"),),
            _load_pocket,
        )
    ),
)
