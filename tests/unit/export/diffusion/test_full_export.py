"""The full profile's command on tiny networks: drawing with what it made equals what diffusers' pipelines draw."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from diffusers import (
    ControlNetModel,
    DDIMScheduler,
    StableDiffusionControlNetPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer

from visgate_export import cli
from visgate_export.diffusion.full_set import full_set
from visgate_export.diffusion.half_precision import to_half_precision
from visgate_export.diffusion.network_set import Precision
from visgate_export.diffusion.parity_checks import TOLERANCES, check_unet
from visgate_export.diffusion.set_recipes import STEP_GRAPH_NAMES
from visgate_export.parity import open_session
from visgate_export.sample_pictures import photographs
from visgate_export.sources import HubSource

from .conftest import FullExport
from .numpy_drawing import HOLE, NumpyDrawing

pytestmark = pytest.mark.timeout(900)  # the first test waits for the exports, which take a minute of two idle cores

PROMPT, NEGATIVE = "a cat left of a moon", "a dog on a red background"
STEPS = 4
STEPS_ON_DEVICE = {f"step_{name}" for name in STEP_GRAPH_NAMES}
GUIDANCE = 6.0
TOLERANCE = 2e-3
"""Of latents about 10 in size, after four steps with guidance 6, which multiply rounding errors."""


@pytest.fixture(scope="module")
def drawing(full: FullExport) -> NumpyDrawing:
    return NumpyDrawing(full.folder)


@pytest.fixture(scope="module")
def base(full: FullExport) -> StableDiffusionPipeline:
    pipeline = StableDiffusionPipeline.from_pretrained(full.weights / "stable-diffusion-v1-5", safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def first_noise(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, 4, 8, 16)).astype(np.float32)


def options(latents: NDArray[np.float32]) -> dict[str, Any]:
    """What all pipelines are told alike; pictures are 64 pixels high and 128 wide."""
    return {
        "prompt": PROMPT,
        "negative_prompt": NEGATIVE,
        "num_inference_steps": STEPS,
        "guidance_scale": GUIDANCE,
        "latents": torch.from_numpy(latents),
        "output_type": "latent",
    }


def silent(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def assert_same(ours: NDArray[np.float32], theirs: torch.Tensor) -> None:
    expected = theirs.numpy()
    assert np.abs(expected).max() > 1, "latents this small would agree by themselves"
    np.testing.assert_allclose(ours, expected, atol=TOLERANCE, rtol=0)


def test_the_command_installs_every_network(full: FullExport) -> None:
    assert full.exit_code == 0, full.output
    expected = {"text_encoder", "vae_encoder", "vae_decoder", "unet", "unet_edit", "unet_inpaint", "control_edges"}
    assert {path.stem for path in full.folder.glob("*.onnx")} == {*expected, *STEPS_ON_DEVICE}
    assert "left out: sd-controlnet-mlsd, sd-controlnet-hed" in full.output


def test_a_second_run_builds_nothing(full: FullExport) -> None:
    arguments = ["models", "--profile", "full", "--weights", str(full.weights), "--only", "diffusion"]
    again = CliRunner().invoke(cli.main, [*arguments, "--repository", str(full.repository)])
    assert again.exit_code == 0
    assert again.output.count("in place") == 7 + len(STEPS_ON_DEVICE)


def test_the_profile_is_stable_diffusions(full: FullExport) -> None:
    profile = json.loads((full.folder / "profile.json").read_text())
    residuals = profile["residuals"]
    assert len(residuals) == 13
    assert [entry["scale"] for entry in residuals] == [1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 8]
    assert [entry["channels"] for entry in residuals] == [8, 8, 8, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16]
    assert residuals[-1]["name"] == "mid"
    assert profile["unets"] == {"base": "unet.onnx", "edit": "unet_edit.onnx", "inpaint": "unet_inpaint.onnx"}
    assert profile["controls"] == {"edges": "control_edges.onnx"}
    assert (profile["side"], profile["max_side"], profile["default_guidance"]) == (64, 128, 7.5)
    assert (profile["steps_offset"], profile["beta_schedule"]) == (1, "scaled_linear")


def test_the_tokenizer_file_is_the_pipelines_tokenizer(full: FullExport, base: StableDiffusionPipeline) -> None:
    tokenizer = Tokenizer.from_file(str(full.folder / "tokenizer.json"))
    for text in (PROMPT, "A  Tulip, ABOVE it: 42 zebras!", "", "naïve 漢字 🎈"):
        assert tokenizer.encode(text).ids == base.tokenizer(text).input_ids
    assert len(tokenizer.encode("cat " * 200).ids) == 202, "cutting off is the engine's, which says so"


def test_text_to_image(drawing: NumpyDrawing, base: StableDiffusionPipeline) -> None:
    latents = first_noise()
    expected = base(**options(latents)).images
    assert_same(drawing.draw(latents, PROMPT, NEGATIVE, STEPS, GUIDANCE), expected)


def test_with_a_control_picture(full: FullExport, drawing: NumpyDrawing, base: StableDiffusionPipeline) -> None:
    control = ControlNetModel.from_pretrained(full.weights / "sd-controlnet-canny")
    pipeline = silent(StableDiffusionControlNetPipeline(**{**base.components, "controlnet": control}))
    picture, latents = photographs(64, 128, 2)[1:], first_noise()
    arguments = {**options(latents), "image": Image.fromarray(picture[0]), "controlnet_conditioning_scale": 0.7}
    expected = pipeline(**arguments).images
    residuals = drawing.control("control_edges", picture, scale=0.7)
    ours = drawing.draw(latents, PROMPT, NEGATIVE, STEPS, GUIDANCE, residuals=residuals)
    assert_same(ours, expected)
    assert np.abs(ours - drawing.draw(latents, PROMPT, NEGATIVE, STEPS, GUIDANCE)).max() > 0.1


def test_editing_a_picture(full: FullExport, drawing: NumpyDrawing, base: StableDiffusionPipeline) -> None:
    unet = UNet2DConditionModel.from_pretrained(full.weights / "instruct-pix2pix" / "unet")
    parts = {**base.components, "unet": unet, "requires_safety_checker": False}
    pipeline = silent(StableDiffusionInstructPix2PixPipeline(**parts))
    picture, latents = photographs(64, 128, 2)[1:], first_noise()
    arguments = {**options(latents), "image": Image.fromarray(picture[0]), "image_guidance_scale": 1.5}
    expected = pipeline(**arguments).images
    assert_same(drawing.edit(latents, PROMPT, NEGATIVE, STEPS, GUIDANCE, picture, image_guidance=1.5), expected)


def test_inpainting(full: FullExport, drawing: NumpyDrawing, base: StableDiffusionPipeline) -> None:
    unet = UNet2DConditionModel.from_pretrained(full.weights / "stable-diffusion-inpainting" / "unet")
    parts = {**base.components, "unet": unet, "requires_safety_checker": False}
    pipeline = silent(StableDiffusionInpaintPipeline(**parts))
    picture, latents = photographs(64, 128, 2)[1:], first_noise()
    mask = np.zeros((64, 128), np.uint8)
    mask[16:48, 32:96] = 255
    with_hole = Image.fromarray(np.where(mask[..., None] > 0, HOLE, picture[0]))
    with torch.no_grad():
        posterior = base.vae.encode(base.image_processor.preprocess(with_hole)).latent_dist
    arguments = {**options(latents), "image": Image.fromarray(picture[0]), "mask_image": Image.fromarray(mask)}
    arguments["masked_image_latents"] = posterior.mode() * base.vae.config.scaling_factor
    expected = pipeline(**arguments, height=64, width=128, strength=1.0).images
    assert_same(drawing.inpaint(latents, PROMPT, NEGATIVE, STEPS, GUIDANCE, picture, mask), expected)


def test_pictures_in_and_out(full: FullExport, base: StableDiffusionPipeline) -> None:
    pictures = photographs(64, 128, 3)
    encoder, decoder = (open_session(full.folder / f"vae_{name}.onnx") for name in ("encoder", "decoder"))
    (latents,) = encoder.run(["latents"], {"image": pictures})
    floats = base.image_processor.preprocess([Image.fromarray(picture) for picture in pictures])
    with torch.no_grad():
        expected = base.vae.encode(floats).latent_dist.mode() * base.vae.config.scaling_factor
        decoded = base.vae.decode(expected / base.vae.config.scaling_factor).sample
    np.testing.assert_allclose(latents, expected.numpy(), atol=1e-5)
    (images,) = decoder.run(["image"], {"latents": latents})
    theirs = np.stack([np.asarray(image) for image in base.image_processor.postprocess(decoded, output_type="pil")])
    assert np.abs(images.astype(int) - theirs.astype(int)).max() <= 1


def test_half_precision_keeps_the_timestep(full: FullExport, tmp_path: Path) -> None:
    """The check's timestep 979.7 would be 979.5 in float16, and the noise another one by twice what is allowed."""
    original = UNet2DConditionModel.from_pretrained(full.weights / "stable-diffusion-v1-5" / "unet").eval()
    # The exporter notes every value's type in the graph, and the installed file is without such notes.
    model = to_half_precision(onnx.shape_inference.infer_shapes(onnx.load(full.folder / "unet.onnx")))
    onnx.save(model, tmp_path / "unet.onnx")
    single = {value.name for value in model.graph.initializer if value.data_type == onnx.TensorProto.FLOAT}
    readers = {node.op_type for node in model.graph.node if single.intersection(node.input)}
    assert readers == {"Mul", "Resize"}, "frequencies of the timestep's waves, and factors that ONNX wants in float32"
    assert {value.type for value in open_session(tmp_path / "unet.onnx").get_inputs()} == {"tensor(float)"}
    report = check_unet(tmp_path / "unet.onnx", original, TOLERANCES[Precision.HALF], residuals=True)
    assert report.passed, report


def test_a_damaged_folder_fails_alone(full: FullExport, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(full.weights / "stable-diffusion-v1-5", weights / "stable-diffusion-v1-5")
    shutil.rmtree(weights / "stable-diffusion-v1-5" / "text_encoder")
    arguments = ["models", "--profile", "full", "--weights", str(weights), "--repository", str(tmp_path / "repository")]
    chosen = ["--only", "full_text_encoder", "--only", "full_step_advance"]
    result = CliRunner().invoke(cli.main, [*arguments, *chosen, "--precision", "fp32"])
    assert result.exit_code == 1
    assert "text_encoder is missing: stable-diffusion-v1-5 in" in result.output
    assert (tmp_path / "repository" / "diffusion" / "1" / "step_advance.onnx").is_file()


def test_without_a_folder_all_of_visual_chatgpts_networks_come_from_the_hub() -> None:
    networks = full_set(None, Precision.HALF)
    kinds = {"edges", "lines", "soft_edges", "sketch", "pose", "segmentation", "depth", "normals"}
    assert set(networks.controls) == kinds
    assert set(networks.unets) == {"base", "edit", "inpaint"}
    (member,) = networks.controls["normals"].members
    assert member.source == HubSource("lllyasviel/sd-controlnet-normal")


def test_weights_belong_to_the_full_profile(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["models", "--weights", str(tmp_path)])
    assert result.exit_code == 2
    assert "--weights goes with --profile full" in result.output


def test_the_schedule_comes_from_the_weights_folder(full: FullExport, drawing: NumpyDrawing) -> None:
    scheduler = DDIMScheduler.from_pretrained(full.weights / "stable-diffusion-v1-5" / "scheduler")
    np.testing.assert_allclose(drawing.kept, scheduler.alphas_cumprod.numpy(), rtol=1e-4)
