"""What cannot be drawn is refused before it is queued, with what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from engine_listening import Recorder
from sample_requests import PLAIN, half_mask, noise_picture

from visgate_server.diffusion.draw_request import Control
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.errors import InvalidArgumentError

PICTURE = noise_picture(0)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"steps": 0}, "steps is 0: it must be from 1 to 150"),
    ({"steps": 151}, "steps"),
    ({"guidance": -1.0}, "guidance"),
    ({"guidance": float("nan")}, "guidance"),
    ({"seed": -1}, "seed"),
    ({"scheduler": "plms"}, "ddim, euler, euler_ancestral, dpm_solver"),
    ({"width": 96}, "width is 96: it must be a multiple of 64"),
    ({"height": 256}, "height is 256: it must be from 64 to 192"),
    ({"height": 0}, "height"),
    ({"unet": "upscale"}, "base, edit, inpaint"),
    ({"unet": "edit"}, "image is missing"),
    ({"unet": "edit", "image": PICTURE, "strength": 0.5}, "image_guidance"),
    ({"unet": "inpaint", "image": PICTURE}, "mask"),
    ({"image": PICTURE, "mask": half_mask()}, "mask"),
    ({"unet": "inpaint", "image": PICTURE, "mask": PICTURE}, r"UINT8 \[height, width\]"),
    ({"strength": 0.5}, "needs an image"),
    ({"image": PICTURE, "strength": 0.1}, "leaves none to run"),
    ({"image": PICTURE, "strength": 1.5}, "strength"),
    ({"image": PICTURE[..., 0]}, r"image must be UINT8 \[height, width, 3\]"),
    ({"image": PICTURE.astype(np.float32)}, "UINT8"),
    ({"image": PICTURE[:0]}, "have pixels"),
    ({"control": Control("pose", PICTURE)}, "use one of edges, depth"),
    ({"control": Control("edges", PICTURE, scale=3.0)}, "control scale"),
    ({"control": Control("edges", PICTURE[..., :1])}, "control picture"),
    ({"unet": "edit", "image": PICTURE, "control": Control("edges", PICTURE)}, "base UNet only"),
    ({"preview_every": -1}, "preview_every"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_arguments_are_named(engine: DiffusionEngine, arguments: dict[str, Any], message: str) -> None:
    recorder = Recorder()
    with pytest.raises(InvalidArgumentError, match=message):
        engine.add(replace(PLAIN, **arguments), recorder)
    assert engine.step() is False
    assert not recorder.ended.is_set()
