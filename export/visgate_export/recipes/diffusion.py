"""The pocket diffusion networks that the engine draws with; the full ones are `diffusion.full_set`'s."""

from visgate_export.diffusion.pocket_set import pocket_set
from visgate_export.diffusion.set_recipes import recipes_of_set

RECIPES = recipes_of_set(pocket_set())
