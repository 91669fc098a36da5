"""SAM, of which several models of the full profile have a copy: how it is loaded, and how it sees pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.recipe import ExtraFile, NetworkRecipe, ParityReport

if TYPE_CHECKING:
    import onnx
    from transformers import SamModel

    from visgate_export.parity import Inputs, Outputs

SAM = Checkpoint("facebook/sam-vit-base", "Apache-2.0")


@dataclass(frozen=True)
class Outlining:
    """SAM with what it takes."""

    network: "SamModel"
    pictures: PictureRules


def sam_vision_recipe(
    name: str,
    model: str,
    file_name: str,
    weights: Path | None,
    extra_files: tuple[ExtraFile, ...] = (),
) -> NetworkRecipe:
    """How the half that sees pictures is made for a model."""
    return sam_recipe(name, model, file_name, "vision", _build_vision, _check_vision, weights, extra_files)


def sam_recipe(
    name: str,
    model: str,
    file_name: str,
    part: str,
    build: "Callable[[Outlining], onnx.ModelProto]",
    check: Callable[[Path, Outlining], ParityReport],
    weights: Path | None,
    extra_files: tuple[ExtraFile, ...] = (),
) -> NetworkRecipe:
    """How a graph of SAM is made for a model; it is taken from a folder of weights, or from the hub."""
    member = SAM.member(weights)
    return NetworkRecipe(
        name=name,
        model=model,
        file_name=file_name,
        title=f"SAM ViT-B, {part}",
        licence=SAM.licence,
        members=(member,),
        build=lambda materials: build(load_outlining(materials.path(member))),
        check=lambda network, materials: check(network, load_outlining(materials.path(member))),
        extra_files=extra_files,
    )


def load_outlining(folder: Path) -> Outlining:
    """SAM as `save_pretrained` wrote it, in evaluation mode."""
    from transformers import SamModel

    from visgate_export.checkpoints import read_picture_rules
    from visgate_export.pretrained import load_pretrained

    return Outlining(load_pretrained(SamModel, folder), read_picture_rules(folder))


def filled_batches(rules: PictureRules) -> "Iterator[Inputs]":
    """Photographs that fill the square and such that do not, at two batch sizes."""
    import numpy as np

    from visgate_export.recipes.picture_batches import sample_batches

    side = rules.height
    sizes = np.array([[side * 3 // 4, side], [side, side], [side, side // 2]], np.int64)
    for batch in sample_batches(rules):
        yield {**batch, "size": sizes[: len(batch["image"])]}


def _build_vision(made: Outlining) -> "onnx.ModelProto":
    from visgate_export.networks.sam import vision_graph

    return vision_graph(made.network, made.pictures)


def _check_vision(network: Path, made: Outlining) -> ParityReport:
    """Against transformers' own picture embeddings; pictures prepared and filled up in NumPy."""
    import torch

    from visgate_export.parity import compare, pytorch_doing, row_by_row
    from visgate_export.recipes.picture_batches import prepared_and_filled

    def evaluate(inputs: "Inputs") -> "Outputs":
        pixels = torch.from_numpy(prepared_and_filled(inputs["image"], inputs["size"], made.pictures))
        with torch.inference_mode():
            return {"embedding": made.network.get_image_embeddings(pixels).numpy()}

    batches = list(filled_batches(made.pictures))
    return compare(network, row_by_row(evaluate), pytorch_doing("transformers' SamModel"), batches, {"embedding": 1e-3})
