"""Makes control pictures of scenes: by the served tools, or from what is true of the scene; trains nothing."""

from collections.abc import Mapping
from types import MappingProxyType

from visgate_export.pocket.control_pictures.outlines import edges, lines, sketch, soft_edges
from visgate_export.pocket.control_pictures.poses import pose
from visgate_export.pocket.control_pictures.surfaces import depth, normals, segmentation
from visgate_export.pocket.latent_bank import ControlPicture

CONTROL_PICTURES: Mapping[str, ControlPicture] = MappingProxyType(
    {
        "edges": edges,
        "depth": depth,
        "lines": lines,
        "soft_edges": soft_edges,
        "sketch": sketch,
        "pose": pose,
        "segmentation": segmentation,
        "normals": normals,
    }
)
"""For each kind of ControlNet, how its control picture is made from a scene; [64, 64, 3] 0–255."""
