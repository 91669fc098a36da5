"""Lists the networks of the full profile that look at pictures; those that draw are in `diffusion.full_set`."""

from pathlib import Path
from types import ModuleType

from visgate_export.recipe import NetworkRecipe


def full_perception_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """The recipes of Visual ChatGPT's own networks, in place of the pocket networks of the same models.

    Args:
        weights: a folder with a folder for each hub repository, as `save_pretrained` writes them; None for the hub.
            Of a folder, only what is there is listed.
    """
    return tuple(recipe for module in _modules() for recipe in module.full_recipes(weights))


def every_perception_recipe() -> tuple[NetworkRecipe, ...]:
    """A recipe for each file that `full_perception_recipes` may list, whatever weights there are; not to be built."""
    from visgate_export.recipes import open_pose

    # The hub has everything but OpenPose; CLIPSeg, which stands in for GroundingDINO, has the pocket finder's files.
    return (*full_perception_recipes(None), *open_pose.recipes_from(Path()))


def left_to_pocket(weights: Path) -> tuple[str, ...]:
    """The Triton models whose full network `weights` lacks, and which therefore keep the pocket one."""
    return tuple(module.MODEL for module in _modules() if not module.full_recipes(weights))


def _modules() -> tuple[ModuleType, ...]:
    from visgate_export.recipes import (
        depth_estimation,
        image_captioning,
        object_finding,
        open_pose,
        question_answering,
        segmentation,
    )

    return (depth_estimation, image_captioning, question_answering, segmentation, object_finding, open_pose)
