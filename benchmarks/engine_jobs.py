"""The drawings that the diffusion engine is benchmarked with, for callers in this process and over gRPC alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.diffusion.draw_request import Control, DrawRequest
from visgate_server.diffusion.profile import DiffusionProfile

STEPS = 20
PREVIEW_EVERY = 4
"""What `client.stream` asks the drawing tools for."""
SCHEDULER = "dpm_solver++"
"""The drawing tools' default."""

_SIDE = 64
_KINDS = {"generate_image": None, "image_from_edges": "edges", "image_from_depth": "depth"}
_OBJECTS = ("cat", "house", "bus", "star", "apple", "boat", "clock", "tree")
_COLOURS = ("blue", "red", "green", "yellow", "grey", "purple", "white", "orange")


@dataclass(frozen=True, eq=False)
class Job:
    """One drawing.

    Attributes:
        tool: which tool draws it.
        prompt: what it shows.
        seed: of its noise.
        steps: denoising steps.
        control: edges or depth, UINT8 [64, 64, 3]; None for `generate_image`.
    """

    tool: str
    prompt: str
    seed: int
    steps: int
    control: NDArray[np.uint8] | None

    @property
    def kind(self) -> str | None:
        """The ControlNet that it needs."""
        return _KINDS[self.tool]

    def arguments(self) -> dict[str, Any]:
        """What a client calls the tool with."""
        arguments: dict[str, Any] = {
            "prompt": self.prompt,
            "seed": self.seed,
            "steps": self.steps,
            "scheduler": SCHEDULER,
            "enlarge": False,
        }
        return arguments if self.control is None else {**arguments, "image": self.control}

    def request(self, profile: DiffusionProfile) -> DrawRequest:
        """What the served model asks the engine for."""
        control = None if self.kind is None or self.control is None else Control(self.kind, self.control)
        return DrawRequest(
            prompt=self.prompt,
            seed=self.seed,
            steps=self.steps,
            guidance=profile.default_guidance,
            scheduler=SCHEDULER,
            width=profile.side,
            height=profile.side,
            control=control,
            preview_every=PREVIEW_EVERY,
        )


def jobs(steps: Sequence[int]) -> tuple[Job, ...]:
    """As many drawings as there are step counts, for the three tools in turn, no two of them alike."""
    return tuple(_job(number, count) for number, count in enumerate(steps))


def mixed_steps(count: int) -> tuple[int, ...]:
    """Step counts from 10 to 40, the same at every run."""
    random = np.random.default_rng(1)
    return tuple(int(steps) for steps in random.integers(10, 41, count))


def _job(number: int, steps: int) -> Job:
    tool = tuple(_KINDS)[number % len(_KINDS)]
    shown, colour = _OBJECTS[number % len(_OBJECTS)], _COLOURS[(number // 3) % len(_COLOURS)]
    pictures = {"edges": _outline(number), "depth": _slope(number)}
    control = pictures.get(_KINDS[tool] or "")
    return Job(tool, f"a {shown} on a {colour} background", number + 1, steps, control)


def _outline(number: int) -> NDArray[np.uint8]:
    """A white circle on black."""
    picture = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    cv2.circle(picture, (_SIDE // 2, _SIDE // 2), 12 + number % 12, (255, 255, 255), 1)
    return picture


def _slope(number: int) -> NDArray[np.uint8]:
    """A floor that rises into the distance, with something round standing on it."""
    floor = np.linspace(25, 165, _SIDE, dtype=np.uint8)[:, None]
    picture = np.ascontiguousarray(np.broadcast_to(floor[..., None], (_SIDE, _SIDE, 3)))
    cv2.circle(picture, (_SIDE // 2, _SIDE // 2), 12 + number % 12, (180, 180, 180), -1)
    return picture
