"""Requests of every sort, for tests that must hold for all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visgate_server.diffusion.draw_request import Control, DrawRequest, UInt8Array


def noise_picture(seed: int, width: int = 64, height: int = 64) -> UInt8Array:
    """Coarse coloured noise, UINT8 [height, width, 3]."""
    cells = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return cells.repeat(8, axis=0).repeat(8, axis=1)


def line_picture(seed: int) -> UInt8Array:
    """White bars on black, UINT8 [64, 64, 3]."""
    bars = np.random.default_rng(seed).random((64, 64, 1)) < 0.1
    return np.where(bars, np.uint8(255), np.uint8(0)).repeat(3, axis=2)


def half_mask() -> UInt8Array:
    """The left half, and a lone pixel on the right that no latent stands on; UINT8 [64, 64]."""
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    mask[:, 27] = 127
    mask[3, 43] = 255
    return mask


PLAIN = DrawRequest("a cat", steps=6, guidance=4.0, seed=5)
SAMPLES: dict[str, DrawRequest] = {
    "ddim": PLAIN,
    "euler": replace(PLAIN, scheduler="euler", steps=9),
    "euler_ancestral": replace(PLAIN, scheduler="euler_ancestral", steps=7, seed=6),
    "dpm_solver++": replace(PLAIN, scheduler="dpm_solver++", steps=8, seed=2**40),
    "twenty_steps": replace(PLAIN, scheduler="dpm_solver++", steps=20, seed=1),
    "no_guidance": replace(PLAIN, guidance=1.0),
    "unprompted": replace(PLAIN, guidance=0.0, negative_prompt="dog"),
    "negative": replace(PLAIN, negative_prompt="red dog", guidance=7.5),
    "wide": replace(PLAIN, width=128, seed=8),
    "edges": replace(PLAIN, control=Control("edges", line_picture(1)), seed=9),
    "half_depth": replace(PLAIN, control=Control("depth", noise_picture(2), scale=0.5), scheduler="euler", steps=5),
    "strong_depth": replace(PLAIN, control=Control("depth", noise_picture(3), scale=1.5), guidance=1.0),
    "redraw": replace(PLAIN, image=noise_picture(4), strength=0.6, steps=10),
    "redraw_euler": replace(PLAIN, image=noise_picture(4), strength=0.5, steps=11, scheduler="euler_ancestral"),
    "redraw_dpm": replace(PLAIN, image=noise_picture(5), strength=0.3, steps=20, scheduler="dpm_solver++"),
    "redraw_all": replace(PLAIN, image=noise_picture(5), strength=1.0, steps=4),
    "edit": replace(PLAIN, unet="edit", image=noise_picture(6), guidance=5.0, image_guidance=1.7),
    "edit_euler": replace(PLAIN, unet="edit", image=noise_picture(6), scheduler="euler", negative_prompt="dog"),
    "inpaint": replace(PLAIN, unet="inpaint", image=noise_picture(7), mask=half_mask()),
    "inpaint_half": replace(PLAIN, unet="inpaint", image=noise_picture(7), mask=half_mask(), strength=0.5, steps=12),
}
