"""Declares the tool that draws from words alone; draws nothing."""

from __future__ import annotations

from visgate_server.drawing_tools.known_world import FULL_SIZE, WORLD
from visgate_server.drawing_tools.shared_arguments import DRAWN, PROMPT, SETTINGS
from visgate_server.tool_spec import ToolSpec

GENERATE_IMAGE = ToolSpec(
    name="generate_image",
    title="Generate Image From User Input Text",
    description=(
        "Draws a picture from words with a diffusion network, and returns it; data has the seed that draws it again."
    ),
    pocket_limits=WORLD,
    full_limits=FULL_SIZE,
    arguments=(PROMPT, *SETTINGS),
    pictures=(DRAWN,),
    constants={"operation": "text"},
    examples=(
        "draw a cat on a blue background",
        "generate an image of a red apple",
        "create a picture of a house",
        "make me an image of a dog left of a tree",
        "paint a star above the moon",
        "I would like a drawing of a rocket",
        "generate a picture from this text",
        "imagine a snowman on a green background",
    ),
    checkpoint="stable-diffusion-v1-5/stable-diffusion-v1-5",
    source="own networks, trained on emoji scenes",
)
