"""Lists every network that visgate exports; how one is made is in its recipe module."""

from collections.abc import Sequence

from visgate_export.errors import UnknownNetworkError
from visgate_export.recipe import NetworkRecipe


def all_recipes() -> tuple[NetworkRecipe, ...]:
    """Every recipe, in the order in which `visgate-export` works through them."""
    from visgate_export.recipes import (
        depth_estimation,
        diffusion,
        face_detection,
        image_captioning,
        image_classification,
        line_detection,
        object_detection,
        object_finding,
        person_mask,
        pose,
        question_answering,
        segmentation,
        soft_edges,
        super_resolution,
        text_embedding,
        text_reading,
    )

    modules = (
        line_detection,
        face_detection,
        text_reading,
        image_classification,
        text_embedding,
        object_detection,
        pose,
        person_mask,
        soft_edges,
        super_resolution,
        depth_estimation,
        segmentation,
        object_finding,
        image_captioning,
        question_answering,
        diffusion,
    )
    return tuple(recipe for module in modules for recipe in module.RECIPES)


def select_recipes(recipes: Sequence[NetworkRecipe], names: Sequence[str]) -> tuple[NetworkRecipe, ...]:
    """The recipes whose network or Triton model is among `names`; all of them if `names` is empty.

    Raises:
        UnknownNetworkError: a name fits no recipe; the message lists those there are.
    """
    known = {recipe.name for recipe in recipes} | {recipe.model for recipe in recipes}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownNetworkError(
            f"no network or model is called {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    return tuple(recipe for recipe in recipes if not names or {recipe.name, recipe.model} & set(names))
