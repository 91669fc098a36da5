"""What a caller asks the diffusion engine to draw; checks nothing and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Control:
    """A picture that a ControlNet holds the drawing to.

    Attributes:
        kind: which ControlNet, by its name in the profile: `edges`, `depth` and so on.
        picture: UINT8 [height, width, 3], 0–255, at any size; it is fitted to the drawing's.
        scale: how strongly, 1 as the ControlNet was trained, 0 not at all.
    """

    kind: str
    picture: UInt8Array
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class DrawRequest:
    """One drawing to make.

    Attributes:
        prompt: what to draw.
        negative_prompt: what to draw away from.
        steps: of the full schedule; with `strength` below 1 only the last part of them is run.
        guidance: classifier-free guidance scale; 1 follows the prompt without amplifying it, and costs half.
        seed: 0 or more; the same seed and request give the same drawing, whatever it is batched with.
        scheduler: `ddim`, `euler`, `euler_ancestral` or `dpm_solver++`.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.
        unet: `base`, `edit` (follows an instruction about `image`) or `inpaint` (redraws `image` under `mask`).
        image: a picture to start from, to edit or to repair: UINT8 [height, width, 3], 0–255, at any size.
        strength: how much of `image` is drawn anew, over 0 to 1.
        mask: what to redraw, for `inpaint`: UINT8 [height, width], 128 and above is redrawn.
        control: a picture that the drawing follows; `base` only.
        image_guidance: how closely `edit` keeps to `image`, as InstructPix2Pix's image guidance scale.
        preview_every: a preview comes with every so manieth progress; 0 for none.
    """

    prompt: str
    negative_prompt: str = ""
    steps: int = 20
    guidance: float = 7.5
    seed: int = 0
    scheduler: str = "ddim"
    width: int = 64
    height: int = 64
    unet: str = "base"
    image: UInt8Array | None = None
    strength: float = 1.0
    mask: UInt8Array | None = None
    control: Control | None = None
    image_guidance: float = 1.5
    preview_every: int = 0
