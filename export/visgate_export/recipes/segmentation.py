"""UperNet on ConvNeXt, which names what each pixel belongs to: the pocket network, or ADE20K's, by the same code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.errors import ConversionError
from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.sources import FolderSource, Member

if TYPE_CHECKING:
    import onnx
    from transformers import UperNetForSemanticSegmentation

MODEL = "segmentation"
LABELS = "labels.json"
UPERNET = Checkpoint("openmmlab/upernet-convnext-small", "MIT")
_POCKET_WEIGHTS = FolderSource("visgate's own weights", Path(__file__).parents[1] / "pocket" / "weights").member(
    "segmentation.safetensors"
)


@dataclass(frozen=True)
class SegmentedClass:
    """One class, in the order of the network's outputs."""

    name: str
    colour: tuple[int, int, int]
    """RGB 0–255, as the ControlNet for segmentation maps knows it."""


@dataclass(frozen=True)
class SegmentationNetwork:
    """A network with what it takes and tells apart.

    Attributes:
        network: in evaluation mode.
        pictures: what it takes.
        classes: what it tells apart.
        background: the number of the class that is no thing; None where every class is one.
    """

    network: "UperNetForSemanticSegmentation"
    pictures: PictureRules
    classes: tuple[SegmentedClass, ...]
    background: int | None


@dataclass(frozen=True)
class _Origin:
    name: str
    title: str
    licence: str
    member: Member
    load: Callable[[Path], SegmentationNetwork]


def _build(loaded: SegmentationNetwork) -> "onnx.ModelProto":
    """`image` -> `logits` [N,classes,h,w], before UperNet enlarges them to the input's size.

    Enlarged, 150 classes at 512 pixels are 157 MB a picture; the server enlarges those classes alone that occur.
    """
    import torch

    from visgate_export.graph_surgery import set_output
    from visgate_export.preprocessing import Layout, PictureInput, mean_and_std, with_picture_input
    from visgate_export.torch_export import export_module

    class CoarseLogits(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = loaded.network.backbone, loaded.network.decode_head

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return self.head(self.backbone(pixel_values).feature_maps)

    rules = loaded.pictures
    example = {"pixel_values": torch.zeros(2, 3, rules.height, rules.width)}
    module = CoarseLogits().eval()
    with torch.inference_mode():
        _, classes, height, width = module(**example).shape
    model = export_module(module, example, {"pixel_values": {0: "N"}}, ["scores"])
    set_output(model, "scores", "logits", ["N", classes, height, width])
    scale, offset = mean_and_std(rules.mean, rules.std)
    return with_picture_input(model, PictureInput(rules.height, rules.width, Layout.NCHW, scale=scale, offset=offset))


def _check(network: Path, loaded: SegmentationNetwork) -> ParityReport:
    """Against transformers' own forward pass, tapped before its last enlargement; pictures prepared in NumPy."""
    import torch

    from visgate_export.parity import Array, Inputs, Outputs, compare, row_by_row
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
        name = f"PyTorch {torch.__version__.partition('+')[0]}, transformers' UperNetForSemanticSegmentation"
        return compare(network, row_by_row(evaluate), name, sample_batches(loaded.pictures), {"logits": 1e-3})
    finally:
        handle.remove()


def _recipe(origin: _Origin) -> NetworkRecipe:
    def loaded(materials: Materials) -> SegmentationNetwork:
        return origin.load(materials.path(origin.member))

    def labels(materials: Materials) -> bytes:
        made = loaded(materials)
        entries = {
            "height": made.pictures.height,
            "width": made.pictures.width,
            "background": made.background,
            "classes": [{"name": known.name, "colour": list(known.colour)} for known in made.classes],
        }
        return (json.dumps(entries, ensure_ascii=False, indent=1) + "\n").encode()

    return NetworkRecipe(
        name=origin.name,
        model=MODEL,
        file_name="segmentation.onnx",
        title=origin.title,
        licence=origin.licence,
        members=(origin.member,),
        build=lambda materials: _build(loaded(materials)),
        check=lambda network, materials: _check(network, loaded(materials)),
        extra_files=(ExtraFile(LABELS, labels),),
    )


def _load_pocket(weights: Path) -> SegmentationNetwork:
    from visgate_export.pocket.dense.architectures import INPUT_SIDE
    from visgate_export.pocket.dense.weights import load_segmentation_network
    from visgate_export.pocket.palette import BACKGROUND, CLASS_COLOURS, CLASS_NAMES, class_number

    half = (0.5, 0.5, 0.5)
    return SegmentationNetwork(
        load_segmentation_network(weights.parent),
        PictureRules(INPUT_SIDE, INPUT_SIDE, half, half),
        tuple(SegmentedClass(name, colour) for name, colour in zip(CLASS_NAMES, CLASS_COLOURS, strict=True)),
        class_number(BACKGROUND),
    )


def _load_full(folder: Path) -> SegmentationNetwork:
    import torch
    from transformers import UperNetForSemanticSegmentation, logging

    from visgate_export.checkpoints import read_picture_rules
    from visgate_export.networks.ade20k_colours import ADE20K_COLOURS

    logging.disable_progress_bar()
    network = UperNetForSemanticSegmentation.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
    )
    names = [network.config.id2label[number] for number in range(network.config.num_labels)]
    if len(names) > len(ADE20K_COLOURS):
        raise ConversionError(
            f"{folder} tells {len(names)} classes apart and there are colours for {len(ADE20K_COLOURS)}: use a "
            "checkpoint that was trained on ADE20K"
        )
    classes = tuple(SegmentedClass(name, colour) for name, colour in zip(names, ADE20K_COLOURS, strict=False))
    return SegmentationNetwork(network.eval().requires_grad_(False), read_picture_rules(folder), classes, None)


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """A network of Visual ChatGPT's kind and its ControlNet's classes; nothing where `weights` lacks it."""
    if not UPERNET.is_there(weights):
        return ()
    origin = _Origin(
        "upernet_ade20k", "UperNet with ConvNeXt-S, ADE20K", UPERNET.licence, UPERNET.member(weights), _load_full
    )
    return (_recipe(origin),)


RECIPES = (
    _recipe(
        _Origin("upernet_pocket", "Pocket UperNet with ConvNeXt", "Apache-2.0", _POCKET_WEIGHTS, _load_pocket),
    ),
)
