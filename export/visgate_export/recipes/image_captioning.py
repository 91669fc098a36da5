"""BLIP that captions pictures: the pocket network, or Salesforce's base checkpoint, by the same code."""

from pathlib import Path

from visgate_export.language.origins import CAPTIONING_BASE, load_full_captioner, load_pocket_captioner
from visgate_export.language.recipes import BlipOrigin, captioning_recipes
from visgate_export.pocket.weight_folder import LICENCE, weights_source
from visgate_export.recipe import NetworkRecipe

MODEL = "image_captioning"

_POCKET = BlipOrigin(
    "pocket",
    "Pocket BLIP for captions",
    LICENCE,
    (weights_source().member("image_captioning.safetensors"), weights_source().member("vocabulary.json")),
    load_pocket_captioner,
)


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """Visual ChatGPT's captioner in place of the pocket one; nothing where `weights` lacks it."""
    if not CAPTIONING_BASE.is_there(weights):
        return ()
    origin = BlipOrigin(
        "full",
        "BLIP base for captions",
        CAPTIONING_BASE.licence,
        (CAPTIONING_BASE.member(weights),),
        load_full_captioner,
    )
    return captioning_recipes(origin, MODEL)


RECIPES = captioning_recipes(_POCKET, MODEL)
