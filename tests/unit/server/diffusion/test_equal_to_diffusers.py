"""The engine draws what diffusers' pipelines draw, alone and with all the others in the same calls."""

from __future__ import annotations

import numpy as np
import pytest
from engine_listening import draw
from reference_pipelines import reference_drawing
from sample_requests import SAMPLES

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import UInt8Array
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.profile import DiffusionProfile

GREY_LEVELS = 2
"""What float32 and another order of the same sums may change in a picture of 0–255."""


def furthest(picture: UInt8Array, other: UInt8Array) -> int:
    """The greatest difference of a pixel; pictures that are flat or saturated would agree too easily."""
    assert 20 < picture.std() < 120
    return int(np.abs(picture.astype(int) - other).max())


@pytest.mark.parametrize("name", SAMPLES)
def test_alone(
    name: str,
    engine: DiffusionEngine,
    networks: DiffusionNetworks,
    tiny_profile: DiffusionProfile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = SAMPLES[name]
    expected = reference_drawing(request, networks, tiny_profile, monkeypatch)
    [drawing] = draw(engine, request)
    assert furthest(drawing.picture, expected) <= GREY_LEVELS


def test_all_together(
    engine: DiffusionEngine,
    networks: DiffusionNetworks,
    tiny_profile: DiffusionProfile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows of four schedulers at different timesteps, with and without ControlNets, are in the same UNet calls."""
    drawings = draw(engine, *SAMPLES.values())
    for (name, request), drawing in zip(SAMPLES.items(), drawings, strict=True):
        expected = reference_drawing(request, networks, tiny_profile, monkeypatch)
        assert furthest(drawing.picture, expected) <= GREY_LEVELS, name
    assert sum(drawing.mean_requests > 3 for drawing in drawings) > 8


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ddim", "euler"),
        ("ddim", "no_guidance"),
        ("ddim", "unprompted"),
        ("ddim", "negative"),
        ("no_guidance", "strong_depth"),
        ("edit", "inpaint"),
        ("redraw", "redraw_all"),
        ("inpaint", "inpaint_half"),
    ],
)
def test_requests_that_differ_give_other_pictures(engine: DiffusionEngine, name: str, other: str) -> None:
    """Otherwise the comparisons above could not tell them apart."""
    first, second = draw(engine, SAMPLES[name], SAMPLES[other])
    assert furthest(first.picture, second.picture) > 10 * GREY_LEVELS
