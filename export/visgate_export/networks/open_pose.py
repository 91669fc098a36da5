"""OpenPose's body network in PyTorch, and its export to ONNX; fetches no weights.

The architecture is that of Cao et al. 2017, "Realtime multi-person 2D pose estimation using part affinity fields",
section 2.1: the first ten convolutions of VGG-19 and two of their own make the features; six stages of two branches
each, one for part affinity fields and one for the joints' heat, look at the features and, but for the first, at what
both branches of the stage before made of them. Layers are called as in the authors' Caffe model.
"""

from collections.abc import Iterator, Mapping

import onnx
import torch
from torch import nn

from visgate_export.errors import ConversionError
from visgate_export.graph_surgery import set_output
from visgate_export.preprocessing import ChannelOrder, Layout, PictureInput, with_picture_input
from visgate_export.traced_export import trace_module
from visgate_server.pose_finding.openpose_finder import FIELD_PLANES, INPUT_SIDE

HEAT_PLANES = 19
"""A plane a joint, and one for what is no joint."""

STRIDE = 8
"""Pixels of the picture for one of the maps, across and down."""

_BLOCKS: tuple[tuple[str, ...], ...] = (
    ("conv1_1", "conv1_2"),
    ("conv2_1", "conv2_2"),
    ("conv3_1", "conv3_2", "conv3_3", "conv3_4"),
    ("conv4_1", "conv4_2", "conv4_3_CPM", "conv4_4_CPM"),
)
_BRANCHES = ("L1", "L2")
"""Fields, heat."""
_STAGES = 6
_EXAMPLE_ROWS = 2


def _branch(stage: int, branch: str) -> tuple[str, ...]:
    """The layers of a branch; the last has no activation."""
    if stage == 1:
        return tuple(f"conv5_{number}_CPM_{branch}" for number in range(1, 6))
    return tuple(f"Mconv{number}_stage{stage}_{branch}" for number in range(1, 8))


def layer_names() -> Iterator[str]:
    """Every convolution of the network."""
    for block in _BLOCKS:
        yield from block
    for stage in range(1, _STAGES + 1):
        for branch in _BRANCHES:
            yield from _branch(stage, branch)


class BodyNetwork(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Pictures to the maps of the last stage."""

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Makes every convolution as large as its weights are.

        Args:
            weights: `<layer>.weight` and `<layer>.bias`, perhaps behind the names of modules that hold them.

        Raises:
            ConversionError: entries are missing, too many, or of sizes that do not fit each other.
        """
        super().__init__()
        own = {".".join(name.split(".")[-2:]): value for name, value in weights.items()}
        wanted = {f"{layer}.{part}" for layer in layer_names() for part in ("weight", "bias")}
        if own.keys() != wanted:
            wrong = sorted(own.keys() ^ wanted)
            raise ConversionError(
                f"these are not the weights of OpenPose's body network: {len(wrong)} entries differ, such as "
                f"{wrong[0]}; take body_pose_model.pth of lllyasviel/Annotators"
            )
        self._layers = nn.ModuleDict({layer: _convolution(own[f"{layer}.weight"]) for layer in layer_names()})
        self._layers.load_state_dict(own)
        planes = [self._layers[_branch(_STAGES, branch)[-1]].out_channels for branch in _BRANCHES]
        if planes != [FIELD_PLANES, HEAT_PLANES]:
            raise ConversionError(
                f"the weights make {planes[0]} fields and {planes[1]} heat maps, not {FIELD_PLANES} and {HEAT_PLANES}: "
                "take the body network of COCO's 18 joints"
            )

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """[N, 3, H, W], BGR → [N, fields and heat, H / 8, W / 8]."""
        features = pixel_values
        for number, block in enumerate(_BLOCKS):
            if number:
                features = nn.functional.max_pool2d(features, 2, 2)
            for layer in block:
                features = nn.functional.relu(self._layers[layer](features))
        seen = features
        for stage in range(1, _STAGES + 1):
            made = torch.cat([self._run(_branch(stage, branch), seen) for branch in _BRANCHES], dim=1)
            seen = torch.cat([made, features], dim=1)
        return made

    def _run(self, layers: tuple[str, ...], maps: torch.Tensor) -> torch.Tensor:
        for layer in layers[:-1]:
            maps = nn.functional.relu(self._layers[layer](maps))
        return self._layers[layers[-1]](maps)


def _convolution(weight: torch.Tensor) -> nn.Conv2d:
    """A convolution that keeps the size of its maps."""
    outputs, inputs, rows, columns = weight.shape
    return nn.Conv2d(inputs, outputs, (rows, columns), padding=(rows // 2, columns // 2))


def pictures_of_body_network() -> PictureInput:
    """What the network takes: BGR, −0.5 to 0.5."""
    return PictureInput(INPUT_SIDE, INPUT_SIDE, Layout.NCHW, channel_order=ChannelOrder.BGR, scale=1 / 256, offset=-0.5)


def body_graph(network: BodyNetwork) -> onnx.ModelProto:
    """`image` uint8 [N,368,368,3] → `maps` float32 [N,57,46,46]: 38 fields, 18 joints' heat, what is no joint."""
    example = {"pixel_values": torch.zeros(_EXAMPLE_ROWS, 3, INPUT_SIDE, INPUT_SIDE)}
    model = trace_module(network, example, {"pixel_values": {0: "N"}}, ["last_stage"])
    along = INPUT_SIDE // STRIDE
    set_output(model, "last_stage", "maps", ["N", FIELD_PLANES + HEAT_PLANES, along, along])
    return with_picture_input(model, pictures_of_body_network())
