"""Control pictures of a scene's outlines, as the served tools find them in the scene enlarged."""

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.control_pictures.served_tool import served_picture
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene
from visgate_server.diffusion.control_pictures import fit_control_picture
from visgate_server.image_processing.scribble import STROKE_WIDTH
from visgate_server.models.soft_edges import DETECT_SKETCH, DETECT_SOFT_EDGES, SoftEdges

ENLARGED = 4
"""Drawings are shown four times enlarged, so outlines are often found in an enlarged picture."""
_LOWEST, _HIGHEST = 40, 140
"""Where the lower Canny threshold is drawn from; the upper is twice that. The tool's default is 100 and 200."""
_RESOLUTIONS = (192, 256)
"""Pixels of the longer side at which HED looks here; the tools' default, 512, takes it five times as long."""
_TOOLS_RESOLUTION = 512
_SHORTEST = (0.04, 0.12)
"""Where the shortest line is drawn from, as a share of the picture's side; the tool's default is 0.04."""
_KEPT = (0.5, 1.0)
"""Where the share of lines that are kept is drawn from."""

UInt8Array = npt.NDArray[np.uint8]


def edges(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """Canny edges of the scene, or of the scene enlarged, 0 or 255."""
    picture = renderer.picture(scene)
    if random.random() < 0.5:
        picture = enlarged(picture)
    low = float(random.uniform(_LOWEST, _HIGHEST))
    found = cv2.Canny(picture, low, 2 * low)
    return fit_control_picture("edges", np.repeat(found[..., None], 3, axis=2), SIDE, SIDE)


def lines(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """Some of the straight lines in the scene enlarged, 0 or 255; black where there are none.

    OpenCV's detector (von Gioi et al. 2010, "LSD") stands in for `detect_lines`, which takes a hundred times as long:
    of what M-LSD finds in 20 enlarged scenes 87 % lies within a pixel of a line found here. M-LSD finds fewer, so
    short lines and a share of the others are left out.
    """
    picture = enlarged(renderer.picture(scene))
    side = picture.shape[0]
    found = cv2.createLineSegmentDetector().detect(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))[0]
    canvas = np.zeros_like(picture)
    shortest, kept = random.uniform(*_SHORTEST) * side, random.uniform(*_KEPT)
    for ends in () if found is None else found[:, 0].astype(np.float64):
        if np.hypot(*(ends[2:] - ends[:2])) >= shortest and random.random() < kept:
            left, top, right, bottom = np.rint(ends).astype(int).tolist()
            cv2.line(canvas, (left, top), (right, bottom), (255, 255, 255), 1, cv2.LINE_AA)
    return fit_control_picture("lines", canvas, SIDE, SIDE)


def soft_edges(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """What `detect_soft_edges` finds in the scene enlarged, grey."""
    picture = enlarged(renderer.picture(scene))
    resolution = int(random.choice(_RESOLUTIONS))
    found = served_picture(SoftEdges, DETECT_SOFT_EDGES, picture, resolution=resolution)
    return fit_control_picture("soft_edges", found, SIDE, SIDE)


def sketch(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """The strokes that `detect_sketch` makes of the scene enlarged, 0 or 255, thin or thick."""
    picture = enlarged(renderer.picture(scene))
    resolution = int(random.choice(_RESOLUTIONS))
    # Strokes are as wide beside the picture as at the tools' resolution, or up to twice that.
    width = float(random.uniform(1, 2)) * STROKE_WIDTH * resolution / _TOOLS_RESOLUTION
    found = served_picture(SoftEdges, DETECT_SKETCH, picture, resolution=resolution, stroke_width=width)
    return fit_control_picture("sketch", found, SIDE, SIDE)


def enlarged(picture: UInt8Array) -> UInt8Array:
    """A scene's picture four times as wide and high, about as `upscale_image` does it to drawings."""
    side = SIDE * ENLARGED
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
