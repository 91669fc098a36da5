"""The pocket networks go from weights files to checked ONNX, and come out under the engine's names and shapes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from visgate_export.diffusion.pocket_set import CONTROLS, PICTURE_UNETS, pocket_set
from visgate_export.diffusion.residuals import residuals_of
from visgate_export.diffusion.set_recipes import STEP_GRAPH_NAMES, recipes_of_set
from visgate_export.errors import MemberMissingError, ParityError
from visgate_export.parity import open_session
from visgate_export.pipeline import Pipeline, Status
from visgate_export.pocket.control_kinds import lineage
from visgate_export.pocket.weights import load_autoencoder, load_control_net, load_unet

from .conftest import PocketExport
from .pocket_weights import DERIVED_CONTROL, SCALING_FACTOR

pytestmark = pytest.mark.timeout(900)  # the first test waits for the exports, which take a minute of two idle cores

CONTROL = f"control_{DERIVED_CONTROL}"
NETWORKS = {"text_encoder", "vae_encoder", "vae_decoder", "unet", CONTROL}


def test_every_network_is_built_and_equals_its_original(pocket: PocketExport) -> None:
    assert {name: outcome.error for name, outcome in pocket.outcomes.items() if outcome.error} == {}
    assert set(pocket.outcomes) == {f"pocket_{name}" for name in NETWORKS} | {
        f"pocket_step_{name}" for name in STEP_GRAPH_NAMES
    }
    for outcome in pocket.outcomes.values():
        assert outcome.status is Status.INSTALLED
    for name in NETWORKS:
        report = pocket.outcomes[f"pocket_{name}"].report
        assert report is not None
        assert report.batch_sizes == (1, 3)


def test_a_second_run_finds_everything_in_place(pocket: PocketExport) -> None:
    assert {pocket.pipeline.export(recipe).status for recipe in pocket.recipes} == {Status.IN_PLACE}


def test_inputs_and_outputs_are_the_engines(pocket: PocketExport) -> None:
    def shapes(name: str) -> dict[str, tuple[str, list[int | None]]]:
        session = open_session(pocket.folder / f"{name}.onnx")
        return {
            value.name: (value.type, [size if isinstance(size, int) else None for size in value.shape])
            for value in (*session.get_inputs(), *session.get_outputs())
        }

    number, picture = "tensor(float)", ("tensor(uint8)", [None, None, None, 3])
    denoiser = {"sample": (number, [None, 8, None, None]), "timestep": (number, [None])}
    denoiser["embedding"] = (number, [None, 77, 128])
    residuals = {f"down_{index}": (number, [None, size, None, None]) for index, size in enumerate((96, 96, 96, 160))}
    residuals["mid"] = (number, [None, 160, None, None])
    assert shapes("text_encoder") == {"input_ids": ("tensor(int64)", [None, 77]), "embedding": denoiser["embedding"]}
    assert shapes("vae_encoder") == {"image": picture, "latents": denoiser["sample"]}
    assert shapes("vae_decoder") == {"latents": denoiser["sample"], "image": picture}
    assert shapes("unet") == {**denoiser, **residuals, "noise": denoiser["sample"]}
    assert shapes(CONTROL) == {**denoiser, "control": picture, **residuals}


def test_the_profile_says_what_the_networks_are(pocket: PocketExport) -> None:
    profile = json.loads((pocket.folder / "profile.json").read_text())
    residuals = profile.pop("residuals")
    assert [(entry["name"], entry["channels"], entry["scale"]) for entry in residuals] == [
        ("down_0", 96, 1),
        ("down_1", 96, 1),
        ("down_2", 96, 2),
        ("down_3", 160, 2),
        ("mid", 160, 2),
    ]
    assert len(profile.pop("latent_rgb")) == 8
    assert len(profile.pop("latent_rgb_bias")) == 3
    assert profile == {
        "name": "pocket",
        "latent_channels": 8,
        "latent_scale": 8,
        "scaling_factor": SCALING_FACTOR,
        "text_length": 77,
        "begin_token": 0,
        "end_token": 1,
        "pad_token": 1,
        "train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction": "epsilon",
        "steps_offset": 1,
        "side": 64,
        "max_side": 128,
        "size_multiple": 64,
        "default_guidance": 2.5,
        "unets": {"base": "unet.onnx"},
        "controls": {DERIVED_CONTROL: f"{CONTROL}.onnx"},
        "unet_guidance": {},
        "default_image_guidance": 1.8,
    }


def test_residuals_are_those_that_the_networks_really_exchange(pocket: PocketExport) -> None:
    unet, control = load_unet(pocket.weights), load_control_net(DERIVED_CONTROL, pocket.weights)
    assert residuals_of(unet) == residuals_of(control)
    with torch.no_grad():
        given = control(
            torch.zeros(1, 8, 8, 16), 5, torch.zeros(1, 77, 128), torch.zeros(1, 3, 64, 128), return_dict=False
        )
    shapes = [tuple(tensor.shape) for tensor in (*given[0], given[1])]
    assert [(1, place.channels, 8 // place.scale, 16 // place.scale) for place in residuals_of(unet)] == shapes


def test_residuals_and_control_pictures_matter(pocket: PocketExport) -> None:
    """A graph that had lost an input would pass a comparison of zeros."""
    random = np.random.default_rng(0)
    unet, control = (open_session(pocket.folder / f"{name}.onnx") for name in ("unet", CONTROL))
    inputs = {
        "sample": random.standard_normal((1, 8, 8, 8), np.float32),
        "timestep": np.array([500], np.float32),
        "embedding": random.standard_normal((1, 77, 128), np.float32),
    }
    names = [output.name for output in control.get_outputs()]
    black, white = (np.full((1, 64, 64, 3), shade, np.uint8) for shade in (0, 255))
    without, given = (
        dict(zip(names, control.run(names, {**inputs, "control": picture}), strict=True)) for picture in (black, white)
    )
    assert all(np.abs(given[name] - without[name]).max() > 1e-3 for name in names)
    zeros = {name: np.zeros_like(value) for name, value in given.items()}
    (plain,) = unet.run(["noise"], {**inputs, **zeros})
    for name in names:
        (changed,) = unet.run(["noise"], {**inputs, **zeros, name: given[name]})
        assert np.abs(changed - plain).max() > 1e-3, name


def test_a_picture_outside_the_range_is_clipped(pocket: PocketExport) -> None:
    decoder = open_session(pocket.folder / "vae_decoder.onnx")
    latents = 100 * np.random.default_rng(0).standard_normal((1, 8, 8, 8)).astype(np.float32)
    (picture,) = decoder.run(["image"], {"latents": latents})
    autoencoder = load_autoencoder(pocket.weights)
    with torch.no_grad():
        cells = autoencoder.decode(torch.from_numpy(latents) / SCALING_FACTOR).sample
    raw = torch.nn.functional.pixel_shuffle(cells, 4)[0].permute(1, 2, 0).numpy()
    assert (picture[0][raw > 1.01] == 255).all()
    assert (picture[0][raw < -1.01] == 0).all()
    assert (raw > 1.01).any()
    assert (raw < -1.01).any()


def test_latent_colours_are_the_pictures_seen_from_afar(pocket: PocketExport) -> None:
    """On random weights latents say little of colours, but a fit is never worse than the mean colour."""
    profile = json.loads((pocket.folder / "profile.json").read_text())
    pictures = pocket_set(pocket.weights).pictures()
    encoder = open_session(pocket.folder / "vae_encoder.onnx")
    (latents,) = encoder.run(["latents"], {"image": pictures})
    guess = latents.transpose(0, 2, 3, 1) @ np.array(profile["latent_rgb"]) + profile["latent_rgb_bias"]
    small = np.stack(
        [np.asarray(Image.fromarray(picture).resize((8, 8), Image.Resampling.BOX)) for picture in pictures]
    )
    error = np.square(guess - small / 255).mean()
    assert error < 0.95 * np.square(small / 255 - (small / 255).mean((0, 1, 2))).mean()


def test_changed_weights_fail_the_check(pocket: PocketExport, tmp_path: Path) -> None:
    """The comparison is with the weights' own networks, so a graph of other weights does not pass."""
    recipe = next(recipe for recipe in pocket.recipes if recipe.name == "pocket_vae_encoder")
    materials = pocket.pipeline.cache.materials(recipe.members, lambda done, total: None)
    model = (pocket.folder / "vae_encoder.onnx").read_bytes()
    weights = load_autoencoder(pocket.weights).encoder.conv_in.bias.numpy()
    assert weights.tobytes() in model
    (tmp_path / "other.onnx").write_bytes(model.replace(weights.tobytes(), (weights + 0.01).tobytes()))
    with pytest.raises(ParityError, match="latents differs by"):
        recipe.check(tmp_path / "other.onnx", materials).require()


def test_weights_that_are_not_there_are_named(pocket: PocketExport, tmp_path: Path) -> None:
    recipes = recipes_of_set(pocket_set(tmp_path))
    pipeline = Pipeline(tmp_path / "repository", pocket.pipeline.cache, pocket.pipeline.lock, pocket.pipeline.observer)
    outcome = pipeline.pin(recipes[0])
    assert outcome.status is Status.FAILED
    assert isinstance(outcome.error, MemberMissingError)
    assert "text_encoder.safetensors is missing: visgate's own weights should hold it" in str(outcome.error)


def test_there_is_a_recipe_for_every_control() -> None:
    names = {recipe.file_name for recipe in recipes_of_set(pocket_set())}
    assert {f"control_{kind}.onnx" for kind in CONTROLS} < names


def test_there_is_a_recipe_for_every_unet_and_guidance_for_no_other() -> None:
    networks = pocket_set()
    names = {recipe.file_name for recipe in recipes_of_set(networks)}
    assert {f"unet_{purpose}.onnx" for purpose in PICTURE_UNETS} < names
    assert set(networks.unet_guidance) <= set(networks.unets)


def test_a_control_net_is_restored_through_the_one_that_it_began_as(pocket: PocketExport, tmp_path: Path) -> None:
    """What reads the control picture is kept whole or not: here it is a low-rank difference from the ancestor's."""
    folder = Path(shutil.copytree(pocket.weights, tmp_path / "weights"))
    before = load_control_net(DERIVED_CONTROL, folder).state_dict()
    ancestor = lineage(DERIVED_CONTROL)[1]
    weights = load_file(folder / f"control_{ancestor}.safetensors")
    matrix = "mid_block.resnets.0.conv1.weight"
    save_file({**weights, f"{matrix}.up": 2 * weights[f"{matrix}.up"]}, folder / f"control_{ancestor}.safetensors")
    after = load_control_net(DERIVED_CONTROL, folder).state_dict()
    added = (weights[f"{matrix}.up"].float() @ weights[f"{matrix}.down"].float()).view_as(before[matrix])
    assert torch.allclose(after[matrix] - before[matrix], added, atol=1e-4)
    assert {name for name in before if not torch.equal(before[name], after[name])} == {matrix}
