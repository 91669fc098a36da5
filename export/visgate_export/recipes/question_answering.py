"""BLIP that answers questions: the pocket network, or Salesforce's base checkpoint, by the same code."""

from pathlib import Path

from visgate_export.language.origins import VQA_BASE, load_full_answerer, load_pocket_answerer
from visgate_export.language.recipes import BlipOrigin, answering_recipes
from visgate_export.pocket.weight_folder import LICENCE, weights_source
from visgate_export.recipe import NetworkRecipe

MODEL = "question_answering"

_POCKET = BlipOrigin(
    "pocket",
    "Pocket BLIP for answers",
    LICENCE,
    tuple(
        weights_source().member(name)
        for name in ("question_answering.safetensors", "image_captioning.safetensors", "vocabulary.json")
    ),
    load_pocket_answerer,
)


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """Visual ChatGPT's answerer in place of the pocket one; nothing where `weights` lacks it."""
    if not VQA_BASE.is_there(weights):
        return ()
    origin = BlipOrigin(
        "full", "BLIP base for answers", VQA_BASE.licence, (VQA_BASE.member(weights),), load_full_answerer
    )
    return answering_recipes(origin, MODEL)


RECIPES = answering_recipes(_POCKET, MODEL)
