"""How much more closely drawings keep to a control picture than they do without it, for every kind of ControlNet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks.control_following import KINDS, DrawingCall, control_margins
from benchmarks.tool_quality import in_process_streams
from benchmarks.tool_quality.measured import Measured
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.sprites import read_sprites

NAME = "controls"

WITH, WITHOUT = "agreement with the control picture, 0–1", "the same of drawings made without it"
MARGIN = "how much more the drawing agrees with its control picture than one made without it"

GOALS: Mapping[str, float] = MappingProxyType({MARGIN: 0.1})

_MOST_SCENES = 50
"""Each is drawn for every kind: more would take many minutes."""
_AT_ONCE = 16


def measure(scenes: int) -> list[Measured]:
    """Draws up to 50 held-out scenes a kind, with their control pictures and without.

    Args:
        scenes: so many, if they are fewer.

    Raises:
        NetworkError: a network has not been exported.
    """
    renderer = SceneRenderer(read_sprites())
    measured = []
    for found in control_margins(_drawn, renderer, KINDS, min(scenes, _MOST_SCENES)):
        tool = f"image_from_{found.kind}"
        measured += [
            Measured(tool, WITH, found.with_control, None, found.scenes),
            Measured(tool, WITHOUT, found.without, None, found.scenes),
            Measured(tool, MARGIN, found.margin, GOALS[MARGIN], found.scenes),
        ]
    return measured


def _drawn(calls: Sequence[DrawingCall]) -> NDArray[np.uint8]:
    def one(call: DrawingCall) -> NDArray[np.uint8]:
        given = {} if call.image is None else {"image": call.image}
        answer = in_process_streams.ask(call.tool, prompt=call.prompt, seed=call.seed, enlarge=False, **given)
        return answer.pictures["PICTURE"]

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return np.stack(list(threads.map(one, calls)))
