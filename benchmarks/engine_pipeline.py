"""A process with the networks of one drawing tool: draws once, says so, and waits for its input to end."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from visgate_server.diffusion.diffusion_networks import open_networks
from visgate_server.diffusion.draw_request import Control, DrawRequest
from visgate_server.diffusion.drawing import Drawing
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import read_profile


class _Caller:
    def on_progress(self, step: int, of: int, preview: object) -> None:
        """Nobody looks."""

    def on_result(self, drawing: Drawing) -> None:
        print("drawn", flush=True)

    def on_error(self, error: Exception) -> None:
        raise error

    def is_cancelled(self) -> bool:
        return False


def main(kind: str, folder: Path) -> None:
    """Opens what the tool needs and nothing else.

    Args:
        kind: `text`, `redraw`, or a ControlNet's kind.
        folder: the diffusion model's version folder.
    """
    profile = read_profile(folder)
    controls = {name: file for name, file in profile.controls.items() if name == kind}
    profile = replace(profile, controls=controls)
    engine = DiffusionEngine(open_networks(folder, profile), profile, EngineLimits())
    picture = np.zeros((profile.side, profile.side, 3), np.uint8)
    request = DrawRequest(
        prompt="a cat on a blue background",
        guidance=profile.default_guidance,
        width=profile.side,
        height=profile.side,
        image=picture if kind == "redraw" else None,
        strength=0.6 if kind == "redraw" else 1.0,
        control=Control(kind, picture) if controls else None,
    )
    engine.add(request, _Caller())
    while engine.step():
        pass
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
