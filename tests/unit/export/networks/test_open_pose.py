"""OpenPose's body network takes the checkpoint's entries, has the published size and runs in ONNX as in PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from visgate_export.errors import ConversionError
from visgate_export.full_recipes import full_perception_recipes, left_to_pocket
from visgate_export.networks.open_pose import BodyNetwork, layer_names
from visgate_export.parity import open_session
from visgate_export.recipe import Materials
from visgate_export.recipes import open_pose
from visgate_export.sample_pictures import photographs
from visgate_server.pose_finding.openpose_finder import OpenPoseFinder

PUBLISHED_PARAMETERS = 52_311_446
"""The published body_pose_model.pth has 209 MB, four bytes for each of these."""


def layers(divisor: int) -> dict[str, tuple[int, int, int]]:
    """Inputs, outputs and kernel of each layer as published, hidden widths divided."""
    wide = {64: 64 // divisor, 128: 128 // divisor, 256: 256 // divisor, 512: 512 // divisor}
    trunk = [3, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 256, 128]
    names = list(layer_names())
    sizes = {
        name: (wide.get(before, before), wide[after], 3)
        for name, before, after in zip(names, trunk, trunk[1:], strict=False)
    }
    features, maps = wide[128], {"L1": 38, "L2": 19}
    for branch, planes in maps.items():
        for number in (1, 2, 3):
            sizes[f"conv5_{number}_CPM_{branch}"] = (features, features, 3)
        sizes[f"conv5_4_CPM_{branch}"] = (features, wide[512], 1)
        sizes[f"conv5_5_CPM_{branch}"] = (wide[512], planes, 1)
        for stage in range(2, 7):
            sizes[f"Mconv1_stage{stage}_{branch}"] = (features + 57, features, 7)
            for number in (2, 3, 4, 5):
                sizes[f"Mconv{number}_stage{stage}_{branch}"] = (features, features, 7)
            sizes[f"Mconv6_stage{stage}_{branch}"] = (features, features, 1)
            sizes[f"Mconv7_stage{stage}_{branch}"] = (features, planes, 1)
    assert sizes.keys() == set(names)
    return sizes


def checkpoint(divisor: int, device: str = "cpu") -> dict[str, torch.Tensor]:
    """Weights that let every picture through to the maps."""
    generator = torch.Generator().manual_seed(0)
    entries = {}
    for name, (inputs, outputs, kernel) in layers(divisor).items():
        shape = (outputs, inputs, kernel, kernel)
        weight = torch.empty(shape, device=device)
        if device == "cpu":
            weight = torch.randn(shape, generator=generator) * (2 / (inputs * kernel**2)) ** 0.5
        entries[f"{name}.weight"] = weight
        entries[f"{name}.bias"] = torch.zeros(outputs, device=device)
    return entries


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    (folder / "Annotators").mkdir()
    torch.save(checkpoint(16), folder / "Annotators" / "body_pose_model.pth")
    return folder


def test_the_published_network_has_its_parameters_and_its_maps() -> None:
    with torch.device("meta"):
        network = BodyNetwork(checkpoint(1, "meta"))
        maps = network(torch.empty(1, 3, 368, 368))
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED_PARAMETERS
    assert maps.shape == (1, 57, 46, 46)


def test_entries_are_taken_by_their_layer_whatever_module_held_it() -> None:
    plain = checkpoint(16)
    held = {f"model2_1.{name}": value for name, value in plain.items()}
    pictures = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(BodyNetwork(plain)(pictures), BodyNetwork(held)(pictures))
    with pytest.raises(ConversionError, match=r"Mconv7_stage6_L2\.bias.*body_pose_model\.pth"):
        BodyNetwork({name: value for name, value in plain.items() if name != "Mconv7_stage6_L2.bias"})
    hands = {name: value[:22] if name.startswith("Mconv7_stage6_L1") else value for name, value in plain.items()}
    with pytest.raises(ConversionError, match="22 fields"):
        BodyNetwork(hands)


def test_the_export_is_what_pytorch_runs_and_the_server_opens_it(weights: Path, tmp_path: Path) -> None:
    recipe, movenet = open_pose.full_recipes(weights)
    assert movenet.name == "movenet", "it stays, for the model's configuration names it"
    [member] = recipe.members
    materials = Materials({member: member.source.folder / member.path})
    path = tmp_path / recipe.file_name
    path.write_bytes(recipe.build(materials).SerializeToString())
    report = recipe.check(path, materials)
    report.require()
    pictures = photographs(368, 368, 2)
    [maps] = open_session(path).run(["maps"], {"image": pictures})
    assert maps[:, :38].std() > 100 * report.outputs[0].tolerance
    assert np.abs(maps[0] - maps[1]).max() > 100 * report.outputs[0].tolerance
    [flipped] = open_session(path).run(["maps"], {"image": pictures[:1, ..., ::-1]})
    assert np.abs(maps[:1] - flipped).max() > 100 * report.outputs[0].tolerance, "red and blue are told apart"
    assert len(OpenPoseFinder(tmp_path).find(list(pictures))) == 2


def test_movenet_serves_where_the_weights_are_not_there(weights: Path, tmp_path: Path) -> None:
    assert "openpose" in [recipe.name for recipe in full_perception_recipes(weights)]
    assert "detect_pose" not in left_to_pocket(weights)
    assert "detect_pose" in left_to_pocket(tmp_path)
    assert open_pose.full_recipes(None) == (), "a pickle is never fetched"
