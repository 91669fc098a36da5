"""UperNet on ConvNeXt, which names what each pixel belongs to: the pocket network, or ADE20K's, by the same code."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.errors import ConversionError
from visgate_export.network_origin import NetworkOrigin
from visgate_export.picture_networks import PictureNetworkKind
from visgate_export.pocket.weight_folder import LICENCE, weights_source
from visgate_export.recipe import NetworkRecipe, ParityReport
from visgate_export.recipes import part_finding
from visgate_server.segmentation.labels import LABELS_FILE, SegmentationLabels

if TYPE_CHECKING:
    import onnx
    from transformers import UperNetForSemanticSegmentation

MODEL = "segmentation"
UPERNET = Checkpoint("openmmlab/upernet-convnext-small", "MIT")


@dataclass(frozen=True)
class SegmentationNetwork:
    """A network with what it takes and tells apart.

    Attributes:
        network: in evaluation mode.
        pictures: what it takes.
        labels: what it tells apart, in the colours by which the ControlNet for segmentation maps knows it.
    """

    network: "UperNetForSemanticSegmentation"
    pictures: PictureRules
    labels: SegmentationLabels


def _build(loaded: SegmentationNetwork) -> "onnx.ModelProto":
    """`image` -> `logits` [N,classes,h,w], before UperNet enlarges them to the input's size.

    Enlarged, 150 classes at 512 pixels are 157 MB a picture; the server enlarges those classes alone that occur.
    """
    import torch

    from visgate_export.picture_graphs import picture_graph

    class CoarseLogits(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = loaded.network.backbone, loaded.network.decode_head

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return self.head(self.backbone(pixel_values).feature_maps)

    return picture_graph(CoarseLogits().eval(), loaded.pictures, "logits")


def _check(network: Path, loaded: SegmentationNetwork) -> ParityReport:
    """Against transformers' own forward pass, tapped before its last enlargement; pictures prepared in NumPy."""
    import torch

    from visgate_export.parity import Array, Inputs, Outputs, compare, pytorch_doing, row_by_row
    from visgate_export.recipes.picture_batches import prepared, sample_batches

    tapped: list[Array] = []

    def keep(module: object, inputs: object, logits: torch.Tensor) -> None:
        tapped[:] = [logits.numpy()]

    def evaluate(inputs: Inputs) -> Outputs:
        with torch.inference_mode():
            loaded.network(pixel_values=torch.from_numpy(prepared(inputs["image"], loaded.pictures)))
        return {"logits": tapped[0]}

    handle = loaded.network.decode_head.register_forward_hook(keep)
    try:
        name = pytorch_doing("transformers' UperNetForSemanticSegmentation")
        return compare(network, row_by_row(evaluate), name, sample_batches(loaded.pictures), {"logits": 1e-3})
    finally:
        handle.remove()


_KIND = PictureNetworkKind(
    MODEL, "segmentation.onnx", _build, _check, LABELS_FILE, lambda loaded: loaded.labels.to_json()
)


def _load_pocket(weights: Path) -> SegmentationNetwork:
    from visgate_export.pocket.dense.architectures import INPUT_SIDE
    from visgate_export.pocket.dense.weights import load_segmentation_network
    from visgate_export.pocket.palette import BACKGROUND, CLASS_COLOURS, CLASS_NAMES, class_number

    labels = SegmentationLabels(INPUT_SIDE, INPUT_SIDE, CLASS_NAMES, CLASS_COLOURS, class_number(BACKGROUND))
    rules = PictureRules.signed_square(INPUT_SIDE)
    return SegmentationNetwork(load_segmentation_network(weights.parent), rules, labels)


def _load_full(folder: Path) -> SegmentationNetwork:
    from transformers import UperNetForSemanticSegmentation

    from visgate_export.checkpoints import read_picture_rules
    from visgate_export.networks.ade20k_colours import ADE20K_COLOURS
    from visgate_export.pretrained import load_pretrained

    network = load_pretrained(UperNetForSemanticSegmentation, folder)
    names = tuple(network.config.id2label[number] for number in range(network.config.num_labels))
    if len(names) > len(ADE20K_COLOURS):
        raise ConversionError(
            f"{folder} tells {len(names)} classes apart and there are colours for {len(ADE20K_COLOURS)}: use a "
            "checkpoint that was trained on ADE20K"
        )
    rules = read_picture_rules(folder)
    labels = SegmentationLabels(rules.height, rules.width, names, ADE20K_COLOURS[: len(names)], background=None)
    return SegmentationNetwork(network, rules, labels)


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """A network of Visual ChatGPT's kind and its ControlNet's classes; nothing where `weights` lacks it.

    SAM beside it, where that is there too.
    """
    if not UPERNET.is_there(weights):
        return ()
    title, member = "UperNet with ConvNeXt-S, ADE20K", UPERNET.member(weights)
    kinds = _KIND.recipe(NetworkOrigin("upernet_ade20k", title, UPERNET.licence, (member,), _load_full))
    return (kinds, *part_finding.full_recipes(MODEL, weights))


RECIPES = (
    _KIND.recipe(
        NetworkOrigin(
            "upernet_pocket",
            "Pocket UperNet with ConvNeXt",
            LICENCE,
            (weights_source().member("segmentation.safetensors"),),
            _load_pocket,
        )
    ),
)
