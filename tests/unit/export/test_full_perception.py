"""The full profile's depth and segmentation networks, on tiny random checkpoints of the same classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    BitConfig,
    ConvNextConfig,
    DPTConfig,
    DPTForDepthEstimation,
    UperNetConfig,
    UperNetForSemanticSegmentation,
)

from visgate_export.checkpoints import read_picture_rules
from visgate_export.errors import ConversionError
from visgate_export.full_recipes import full_perception_recipes, left_to_pocket
from visgate_export.networks.ade20k_colours import ADE20K_COLOURS
from visgate_export.parity import open_session
from visgate_export.recipe import Materials, NetworkRecipe
from visgate_export.recipes import depth_estimation, segmentation
from visgate_export.sample_pictures import photographs

SIDE = 64


def write_rules(folder: Path, mean: float = 0.5) -> None:
    rules = {"size": {"height": SIDE, "width": SIDE}, "image_mean": [mean] * 3, "image_std": [0.5, 0.4, 0.3]}
    (folder / "preprocessor_config.json").write_text(json.dumps(rules))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `save_pretrained` writes for a hybrid DPT and an UperNet, a thousandth of the real ones' size."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    # Stages at 1/4, 1/8 and 1/16 of the picture, and a ViT on the last, as in DPT-Hybrid.
    bit = BitConfig(
        embedding_size=16,
        hidden_sizes=[16, 32, 64],
        depths=[1, 1, 2],
        layer_type="bottleneck",
        num_groups=4,
        global_padding="same",
        embedding_dynamic_padding=True,
        out_features=["stage1", "stage2", "stage3"],
    )
    depth = DPTForDepthEstimation(
        DPTConfig(
            is_hybrid=True,
            backbone_config=bit,
            backbone_featmap_shape=[1, 64, SIDE // 16, SIDE // 16],
            image_size=SIDE,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=4,
            num_attention_heads=2,
            backbone_out_indices=[0, 1, 2, 3],
            neck_hidden_sizes=[16, 32, 32, 32],
            fusion_hidden_size=16,
        )
    )
    with torch.no_grad():
        # Fresh weights answer every picture alike, and the last ReLU would cut half of that away.
        for layer in (*depth.neck.convs, *(depth.head.head[place] for place in (0, 2, 4))):
            layer.weight.mul_(10)
        depth.head.head[-2].bias.fill_(3.0)
    depth.save_pretrained(folder / "dpt-hybrid-midas")
    write_rules(folder / "dpt-hybrid-midas")
    # Pool scales that do not divide the last feature map's side, as in the real one: 6 into 16.
    convnext = ConvNextConfig(
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        layer_scale_init_value=0.5,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    names = {number: f"class {number}" for number in range(150)}
    upernet = UperNetForSemanticSegmentation(
        UperNetConfig(
            backbone_config=convnext, hidden_size=16, id2label=names, auxiliary_in_channels=24, auxiliary_channels=8
        )
    )
    with torch.no_grad():
        upernet.decode_head.classifier.weight.mul_(100)
    upernet.save_pretrained(folder / "upernet-convnext-small")
    write_rules(folder / "upernet-convnext-small", mean=0.4)
    return folder


def build(recipe: NetworkRecipe, folder: Path) -> tuple[Path, Materials]:
    (member,) = recipe.members
    materials = Materials({member: member.source.folder / member.path})
    path = folder / recipe.file_name
    path.write_bytes(recipe.build(materials).SerializeToString())
    for extra in recipe.extra_files:
        (folder / extra.file_name).write_bytes(extra.build(materials))
    return path, materials


def test_a_hybrid_dpt_is_exported_as_transformers_computes_it(weights: Path, tmp_path: Path) -> None:
    (recipe,) = depth_estimation.full_recipes(weights)
    path, materials = build(recipe, tmp_path)
    report = recipe.check(path, materials)
    report.require()
    nearness = open_session(path).run(None, {"image": photographs(SIDE, SIDE, 2)})[0]
    assert nearness.shape == (2, SIDE, SIDE)
    assert nearness.std() > 10 * report.outputs[0].tolerance  # what is compared is no constant
    settings = json.loads((tmp_path / "depth.json").read_text())
    assert settings["full_scale"] is None
    # A slope of one unit a pixel has a Sobel gradient of 8 beside ControlNet's 2π.
    assert settings["relief"] * SIDE == pytest.approx(8 / (2 * np.pi))


def test_an_upernet_is_exported_with_its_own_labels(weights: Path, tmp_path: Path) -> None:
    (recipe,) = segmentation.full_recipes(weights)
    path, materials = build(recipe, tmp_path)
    recipe.check(path, materials).require()
    logits = open_session(path).run(None, {"image": photographs(SIDE, SIDE, 2)})[0]
    assert logits.shape == (2, 150, SIDE // 4, SIDE // 4)
    assert logits.std() > 0.01
    labels = json.loads((tmp_path / "labels.json").read_text())
    assert labels["classes"][2] == {"name": "class 2", "colour": [6, 230, 230]}
    assert labels["background"] is None
    write_rules(materials.path(recipe.members[0]), mean=0.45)
    assert not recipe.check(path, materials).passed  # a picture prepared in another way is noticed


def test_a_folder_without_the_checkpoint_offers_no_recipe(tmp_path: Path) -> None:
    assert depth_estimation.full_recipes(tmp_path) == segmentation.full_recipes(tmp_path) == ()
    assert depth_estimation.full_recipes(None)[0].members[0].source.repository == "Intel/dpt-hybrid-midas"


def test_models_without_full_weights_keep_the_pocket_network(weights: Path) -> None:
    assert [recipe.model for recipe in full_perception_recipes(weights)] == ["depth_estimation", "segmentation"]
    kept = left_to_pocket(weights)
    assert "question_answering" in kept
    assert not {"depth_estimation", "segmentation"} & set(kept)


def test_a_checkpoint_without_its_image_processor_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="save the checkpoint's image processor"):
        read_picture_rules(tmp_path)


def test_ade20k_has_a_colour_for_each_class() -> None:
    assert len(ADE20K_COLOURS) == 150
    assert ADE20K_COLOURS[:3] == ((120, 120, 120), (180, 120, 120), (6, 230, 230))  # wall, building, sky
    assert len(set(ADE20K_COLOURS)) == 149  # the road's and the car's neighbour share one in the original too
