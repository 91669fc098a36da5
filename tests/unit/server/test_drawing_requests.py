"""What a caller says to a drawing tool is what the engine is asked to draw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffusion_profiles import profile
from numpy.typing import NDArray

from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_server.diffusion.schedulers import SCHEDULERS as ENGINE_SCHEDULERS
from visgate_server.drawing_requests import DrawingPlan, plan_drawing
from visgate_server.drawing_tools import DRAWING_TOOLS, KNOWN_COLOURS, KNOWN_OBJECTS, SCHEDULERS
from visgate_server.errors import InvalidArgumentError
from visgate_server.models.diffusion import Diffusion
from visgate_server.profiles import Profile
from visgate_server.request_rows import read_rows

ROOT = Path(__file__).parents[3]

PROFILE = replace(
    profile(),
    side=512,
    max_side=768,
    default_guidance=7.5,
    unet_guidance={"edit": 3.5},
    default_image_guidance=1.25,
)
CONTROLS = ("edges", "lines", "soft_edges", "sketch", "pose", "segmentation", "depth", "normals")

KINDS: dict[type, Any] = {bool: np.bool_, int: np.int32, float: np.float32, np.ndarray: np.uint8}


def plan(operation: str = "text", image: NDArray[np.uint8] | None = None, **values: Any) -> DrawingPlan:
    """The request as the server reads it from tensors, every value that is not given at its default."""
    values = {"prompt": "a cat", "operation": operation, **values}
    tensors: dict[str, NDArray[Any]] = {} if image is None else {"IMAGE": image[None]}
    for name, value in values.items():
        encoded = value.encode() if isinstance(value, str) else value
        array = value[None] if isinstance(value, np.ndarray) else [[encoded]]
        tensors[name.upper()] = np.array(array, KINDS.get(type(value), np.object_))
    [row] = read_rows(Diffusion.spec, tensors)
    return plan_drawing(row, PROFILE)


def read(operation: str = "text", image: NDArray[np.uint8] | None = None, **values: Any) -> Any:
    return plan(operation, image, **values).request


def photo(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


def test_a_prompt_alone_takes_the_profiles_size_and_guidance() -> None:
    drawn = read()
    assert (drawn.prompt, drawn.negative_prompt, drawn.steps) == ("a cat", "", 20)
    assert (drawn.width, drawn.height, drawn.guidance) == (512, 512, 7.5)
    assert drawn.scheduler == SCHEDULERS[0]
    assert (drawn.image, drawn.control, drawn.strength, drawn.preview_every) == (None, None, 1.0, 0)


def test_everything_that_is_said_reaches_the_engine() -> None:
    drawn = read(
        negative_prompt="fog", steps=7, guidance=2.5, seed=11, scheduler="euler", width=128, height=64, preview_every=3
    )
    assert (drawn.negative_prompt, drawn.steps, drawn.guidance, drawn.seed) == ("fog", 7, 2.5, 11)
    assert (drawn.scheduler, drawn.width, drawn.height, drawn.preview_every) == ("euler", 128, 64, 3)


def test_a_seed_is_chosen_anew_where_none_is_given() -> None:
    seeds = {read().seed for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert read(seed=0).seed == 0


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_control_picture_goes_to_its_network_at_the_drawings_size(kind: str) -> None:
    drawn = read(kind, photo(300, 300), control_scale=0.5)
    assert (drawn.control.kind, drawn.control.scale, drawn.image) == (kind, 0.5, None)
    assert drawn.control.picture.shape == (512, 512, 3)


def test_a_picture_to_redraw_is_where_the_drawing_starts() -> None:
    drawn = read("redraw", np.full((64, 64, 3), 77, np.uint8), strength=0.25)
    assert (drawn.strength, drawn.control) == (0.25, None)
    assert drawn.image.shape == (512, 512, 3)
    assert (drawn.image == 77).all()


def test_an_instruction_goes_to_the_edit_network_with_its_own_guidance() -> None:
    drawn = read("edit", np.full((64, 64, 3), 77, np.uint8), prompt="make it red")
    assert (drawn.unet, drawn.prompt, drawn.guidance, drawn.image_guidance) == ("edit", "make it red", 3.5, 1.25)
    assert (drawn.strength, drawn.mask, drawn.control) == (1.0, None, None)
    assert drawn.image.shape == (512, 512, 3)
    assert (drawn.image == 77).all()
    told = read("edit", photo(64, 64), guidance=5.0, image_guidance=2.0)
    assert (told.guidance, told.image_guidance) == (5.0, 2.0)


def test_what_is_under_a_mask_is_drawn_from_the_square_around_it() -> None:
    image, mask = photo(3000, 1000), np.zeros((3000, 1000, 3), np.uint8)
    mask[2000:2400, 100:300] = (0, 200, 0)
    planned = plan("inpaint", image, mask=mask)
    drawn = planned.request
    assert (drawn.unet, drawn.width, drawn.height, drawn.guidance, drawn.strength) == ("inpaint", 512, 512, 7.5, 1.0)
    assert drawn.image.shape == (512, 512, 3)
    assert drawn.mask.shape == (512, 512)
    window = planned.patch.window
    assert (window.left, window.side) == (0, 1000), "four drawings' sides would fit, but the picture is no wider"
    assert window.top == 1700
    assert drawn.mask[250, 100] == 255
    assert drawn.mask[250, 200] == drawn.mask[100, 100] == 0


@pytest.mark.parametrize(
    ("shape", "size"),
    [((100, 100), (512, 512)), ((90, 160), (704, 384)), ((160, 90), (384, 704)), ((10, 1000), (768, 64))],
)
def test_a_drawing_from_a_picture_has_about_its_shape(shape: tuple[int, int], size: tuple[int, int]) -> None:
    drawn = read("redraw", photo(*shape))
    assert (drawn.width, drawn.height) == size
    told = read("redraw", photo(*shape), width=64)
    assert (told.width, told.height) == (64, 512)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": "  "}, "PROMPT is empty"),
        ({"prompt": "cat " * 1000}, "PROMPT has 3999 characters"),
        ({"negative_prompt": "cat " * 1000}, "NEGATIVE_PROMPT has"),
        ({"steps": 0}, "STEPS is 0; it must be from 1 to 100"),
        ({"steps": 101}, "STEPS is 101"),
        ({"guidance": float("nan")}, "GUIDANCE"),
        ({"seed": -2}, "SEED is -2"),
        ({"scheduler": "lms"}, "SCHEDULER is 'lms'"),
        ({"operation": "dream"}, "OPERATION is 'dream'"),
        ({"operation": "edges"}, "IMAGE is missing: The edges"),
        ({"operation": "redraw"}, "IMAGE is missing: The picture to start from"),
        ({"operation": "normals"}, "IMAGE is missing: The normal map"),
        ({"operation": "edit"}, "IMAGE is missing: The picture to change"),
        ({"operation": "inpaint", "image": photo(8, 8)}, "MASK is missing: The mask"),
        ({"operation": "inpaint", "image": photo(8, 8), "mask": photo(8, 9)}, "MASK has 9 × 8 pixels and input IMAGE"),
        ({"operation": "inpaint", "image": photo(8, 8), "mask": photo(8, 8) // 2}, "MASK has no white in it"),
        ({"operation": "edit", "image": photo(8, 8), "image_guidance": 11.0}, "IMAGE_GUIDANCE is 11.0"),
    ],
)
def test_what_cannot_be_drawn_is_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        read(**values)
    assert words in str(error.value)


def test_the_words_for_the_llm_name_the_objects_that_were_trained() -> None:
    assert set(KNOWN_OBJECTS) == set(OBJECT_NAMES)
    assert set(KNOWN_COLOURS) == set(COLOURS)
    for tool in DRAWING_TOOLS:
        said = tool.description_in(Profile.POCKET)
        assert all(name in said for name in (*OBJECT_NAMES, *COLOURS, "left of", "above", "64 × 64"))


def test_the_schedulers_offered_are_the_engines() -> None:
    assert set(SCHEDULERS) == set(ENGINE_SCHEDULERS)


def test_each_drawing_tool_asks_for_what_it_needs() -> None:
    required = {tool.name: tool.json_schema()["required"] for tool in DRAWING_TOOLS}
    assert required == {
        "generate_image": ["prompt"],
        **{f"image_from_{kind}": ["image", "prompt"] for kind in CONTROLS},
        "redraw_image": ["image", "prompt"],
        "edit_image": ["image", "prompt"],
        "inpaint_image": ["image", "mask", "prompt"],
    }
    for wire in Diffusion.spec.wire_tools():
        sent = {entry["tensor"]: entry for entry in wire["inputs"]}
        assert ("IMAGE" in sent) == (wire["name"] != "generate_image")
        assert sent["PREVIEW_EVERY"]["stream_constant"] == 4
        assert ("MASK" in sent) == (wire["name"] == "inpaint_image")
        assert "constant" in sent["STRENGTH"] or wire["name"] == "redraw_image"
    assert [spec.name for spec in Diffusion.spec.inputs if not spec.optional] == ["PROMPT"]
