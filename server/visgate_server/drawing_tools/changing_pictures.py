"""Declares the tools that change a given picture: redraw it, edit it, redraw a part of it; draws nothing."""

from __future__ import annotations

from visgate_server.drawing_tools.known_world import FULL_SIZE, WORLD
from visgate_server.drawing_tools.shared_arguments import (
    DRAWN,
    MAX_CONTROL_PIXELS,
    PAINTING_SETTINGS,
    PROMPT,
    SETTINGS,
)
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

STRENGTH = Argument(
    "strength",
    ArgumentKind.NUMBER,
    "How much is drawn anew: near 0 keeps the picture, 1 keeps nothing of it.",
    default=0.6,
    minimum=0.05,
    maximum=1.0,
)

IMAGE_GUIDANCE = Argument(
    "image_guidance",
    ArgumentKind.NUMBER,
    "How closely the result keeps to the picture; raise it if too much changes, lower it if too little does; 0 takes "
    "what suits the networks.",
    default=0.0,
    minimum=0.0,
    maximum=10.0,
)

_DRAWS_OVER = (
    "Draws over a given picture: starts from it, covered with as much noise as strength says, and follows the prompt "
    "from there."
)
_PROMPT_IS_OF_THE_RESULT = "The prompt says what the whole result shows, not what changes."

REDRAW_IMAGE = ToolSpec(
    name="redraw_image",
    title="Redraw Image By Text",
    description=(
        f"{_DRAWS_OVER} Good for variants of a picture and for changing its objects or background; it works on the "
        f"picture as a whole, in the size of the drawing. {_PROMPT_IS_OF_THE_RESULT}"
    ),
    pocket_description=(
        f"{_DRAWS_OVER} Good for variants of a drawing and for changing its objects or background; it works on the "
        "picture as a whole and shrinks it to the size of the drawing, so a photo does not stay a photo. "
        f"{_PROMPT_IS_OF_THE_RESULT}"
    ),
    pocket_limits=WORLD,
    full_limits=FULL_SIZE,
    arguments=(
        picture(description="The picture to start from.", max_pixels=MAX_CONTROL_PIXELS),
        PROMPT,
        STRENGTH,
        *SETTINGS,
    ),
    pictures=(DRAWN,),
    constants={"operation": "redraw"},
    examples=(
        "redraw this picture as a dog on a red background",
        "make a variation of this drawing",
        "draw this image again with a green background",
        "change the cat of the drawing into a bird",
        "image to image: turn it into a house",
        "repaint the picture as a sunflower",
    ),
    checkpoint="stable-diffusion-v1-5/stable-diffusion-v1-5",
    source="own networks, trained on emoji scenes",
)

_FOLLOWS_AN_INSTRUCTION = (
    "Changes a picture as an instruction says, and keeps the rest of it. The prompt is the instruction, one change at "
    "a time, of the background, the style or an object: 'make the background red', 'make it a cartoon', 'make it black "
    "and white', 'make it a pencil drawing', 'make it darker', 'turn the cat into a dog'. Where an object is to be "
    "exchanged or removed and all else must stay exactly as it is, use replace_object or remove_object: this tool "
    "draws the whole picture anew"
)

EDIT_IMAGE = ToolSpec(
    name="edit_image",
    title="Instruct Image Using Text",
    description=f"{_FOLLOWS_AN_INSTRUCTION}, in the size of the drawing.",
    pocket_description=(
        f"{_FOLLOWS_AN_INSTRUCTION}, and misses about one such instruction in six. It shrinks the picture to the size "
        "of the drawing, so a photo does not stay a photo."
    ),
    pocket_limits=WORLD,
    full_limits=FULL_SIZE,
    arguments=(
        picture(description="The picture to change.", max_pixels=MAX_CONTROL_PIXELS),
        Argument("prompt", ArgumentKind.TEXT, "The instruction, in English: what to change, and into what."),
        IMAGE_GUIDANCE,
        *SETTINGS,
    ),
    pictures=(DRAWN,),
    constants={"operation": "edit"},
    examples=(
        "make the background of the picture red",
        "make it a cartoon",
        "turn the picture black and white",
        "change the background to green",
        "instruct the image: make the wall blue",
        "follow this instruction on the image",
        "give the picture a yellow background",
        "make it look like a cartoon",
    ),
    checkpoint="timbrooks/instruct-pix2pix",
    source="own networks, trained on emoji scenes",
)

_CUT_AROUND_THE_MASK = (
    "A larger picture is cut around the mask, shrunk for drawing, and what is drawn is enlarged to fit."
)

INPAINT_IMAGE = ToolSpec(
    name="inpaint_image",
    title="Redraw The Masked Part Of An Image",
    description=(
        "Draws what the prompt says into the white part of a mask. Outside the mask the picture stays exactly as "
        "given, at its own size. The mask is a picture of the same size, white where to draw anew and black elsewhere, "
        "as segment_object returns it; leave some room around an object that is to go. A prompt 'background' fills the "
        "part with the background around it. To find and replace or remove an object in one call use replace_object or "
        "remove_object."
    ),
    pocket_limits=f"{WORLD} {_CUT_AROUND_THE_MASK}",
    full_limits=f"It draws 512 × 512 pixels. {_CUT_AROUND_THE_MASK}",
    arguments=(
        picture(description="The picture to change.", max_pixels=MAX_CONTROL_PIXELS),
        picture(
            "mask",
            "The mask, of the picture's size: white is drawn anew, black stays.",
            max_pixels=MAX_CONTROL_PIXELS,
            exact=True,
        ),
        Argument("prompt", ArgumentKind.TEXT, "What to draw there, in English: an object, or 'background'."),
        *PAINTING_SETTINGS,
    ),
    pictures=(PictureOutput("PICTURE", "The picture, drawn anew where the mask is white."),),
    constants={"operation": "inpaint"},
    examples=(
        "draw a dog where the mask is white",
        "inpaint the masked part with a tree",
        "fill the masked area with background",
        "repaint only what the mask covers as a car",
        "use this mask to paint something new into the picture",
        "inpainting: put a boat into the white region of the mask",
    ),
    checkpoint="stable-diffusion-v1-5/stable-diffusion-inpainting",
    source="own networks, trained on emoji scenes",
)
