"""Declares the tools that draw, and what they say of the drawing networks' world; draws nothing.

The words describe the pocket networks, which the repository ships: an LLM that asks them for anything else gets a
blur, so the descriptions say what they know.
"""

from __future__ import annotations

from dataclasses import replace

from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

KNOWN_OBJECTS = (
    "cat", "dog", "fish", "bird", "butterfly", "turtle", "apple", "banana", "strawberry", "grapes", "mushroom", "pizza",
    "tree", "tulip", "sunflower", "cactus", "rose", "star", "moon", "sun", "heart", "soccer ball", "cup", "book",
    "clock", "key", "umbrella", "guitar", "balloon", "gift", "light bulb", "car", "bus", "house", "airplane", "rocket",
    "boat", "sofa", "chair", "person", "dancer", "snowman",
)  # fmt: skip
"""What the pocket networks were trained to draw; a test compares it with their training scenes."""

KNOWN_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "grey")
"""The background colours that the pocket networks know."""

SCHEDULERS = ("dpm_solver++", "ddim", "euler", "euler_ancestral")

MAX_CONTROL_PIXELS = 2048 * 2048
"""Four million pixels are plenty for a picture that is shrunk to the drawing's size."""

_WORLD = (
    f"It knows scenes of one or two of these objects, flat as emoji: {', '.join(KNOWN_OBJECTS)}; on a plain background "
    f"that is {', '.join(KNOWN_COLOURS[:-1])} or {KNOWN_COLOURS[-1]}; one object in the middle, left, right, top or "
    "bottom, or two left of, right of, above or below each other. Say it as in 'a cat left of an apple on a blue "
    "background'. Anything else comes out as a blur of these. It draws 64 × 64 pixels and enlarges them four times."
)

_RESULT = PictureOutput("PICTURE", "The drawing, enlarged four times unless enlarge is false.")

PROMPT = Argument("prompt", ArgumentKind.TEXT, "What to draw, in English: objects, their places, the background.")

OPERATION = Argument(
    "operation",
    ArgumentKind.TEXT,
    "Which tool asked.",
    default="text",
    choices=("text", "edges", "depth", "redraw"),
)

CONTROL_SCALE = Argument(
    "control_scale",
    ArgumentKind.NUMBER,
    "How strictly the drawing follows the control picture; 0 not at all, 1 as trained.",
    default=1.0,
    minimum=0.0,
    maximum=2.0,
)

STRENGTH = Argument(
    "strength",
    ArgumentKind.NUMBER,
    "How much is drawn anew: near 0 keeps the picture, 1 keeps nothing of it.",
    default=0.6,
    minimum=0.05,
    maximum=1.0,
)

_SETTINGS = (
    Argument("negative_prompt", ArgumentKind.TEXT, "What must not be in the drawing; empty for nothing.", default=""),
    Argument(
        "steps",
        ArgumentKind.INTEGER,
        "Denoising steps: more take longer and draw finer; beyond 30 little changes.",
        default=20,
        minimum=1,
        maximum=100,
    ),
    Argument(
        "guidance",
        ArgumentKind.NUMBER,
        "How strictly the drawing follows the prompt, 1 is not at all emphasised; 0 takes what suits the networks.",
        default=0.0,
        minimum=0.0,
        maximum=30.0,
    ),
    Argument(
        "seed",
        ArgumentKind.INTEGER,
        "The same seed and arguments give the same drawing; -1 has the server choose one and tell it.",
        default=-1,
        minimum=-1,
        maximum=2**31 - 1,
    ),
    Argument(
        "scheduler",
        ArgumentKind.TEXT,
        "How the steps are taken; euler_ancestral varies most between step counts.",
        default=SCHEDULERS[0],
        choices=SCHEDULERS,
    ),
    Argument(
        "width",
        ArgumentKind.INTEGER,
        "Pixels before enlarging, a multiple of 64; 0 takes the size that the networks draw best.",
        default=0,
        minimum=0,
        maximum=2048,
    ),
    Argument(
        "height",
        ArgumentKind.INTEGER,
        "Pixels before enlarging, a multiple of 64; 0 takes the size that the networks draw best.",
        default=0,
        minimum=0,
        maximum=2048,
    ),
    Argument(
        "enlarge",
        ArgumentKind.FLAG,
        "Whether the drawing is made four times as wide and high by upscale_image.",
        default=True,
    ),
)

GENERATE_IMAGE = ToolSpec(
    name="generate_image",
    title="Generate Image From User Input Text",
    description=(
        "Draws a picture from words with a diffusion network, and returns it; data has the seed that draws it again. "
        f"{_WORLD}"
    ),
    arguments=(PROMPT, *_SETTINGS),
    pictures=(_RESULT,),
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
)

IMAGE_FROM_EDGES = replace(
    GENERATE_IMAGE,
    name="image_from_edges",
    title="Generate Image Condition On Canny Image",
    description=(
        "Draws what the prompt says along the lines of an edge picture: white lines on black, as detect_edges returns "
        "them. Give it edges, never a photo: of a photo call detect_edges first. The outlines decide where things are "
        f"and which shape they have, the prompt what they are. {_WORLD}"
    ),
    arguments=(
        picture(description="The edges: white lines on black.", max_pixels=MAX_CONTROL_PIXELS),
        PROMPT,
        CONTROL_SCALE,
        *_SETTINGS,
    ),
    constants={"operation": "edges"},
    examples=(
        "generate an image from these edges",
        "draw a new picture along this canny image",
        "make a picture of a car that follows the edge map",
        "use the edges to generate a new image of a cat",
        "colour in these outlines as a house on a red background",
        "new image from this edge picture",
    ),
)

IMAGE_FROM_DEPTH = replace(
    GENERATE_IMAGE,
    name="image_from_depth",
    title="Generate Image Condition On Depth",
    description=(
        "Draws what the prompt says with the spatial layout of a depth picture: grey levels, near is bright and far "
        "is dark. Give it a depth map, never a photo. The depth decides where things are and how large, the prompt "
        f"what they are. {_WORLD}"
    ),
    arguments=(
        picture(description="The depth: near is bright, far is dark.", max_pixels=MAX_CONTROL_PIXELS),
        PROMPT,
        CONTROL_SCALE,
        *_SETTINGS,
    ),
    constants={"operation": "depth"},
    examples=(
        "generate an image from this depth map",
        "draw a new picture with this depth",
        "make an image of a bus that follows the depth picture",
        "use the depth to generate a new image of a tree",
        "new image conditioned on depth",
        "keep the depth layout and draw a boat",
    ),
)

REDRAW_IMAGE = replace(
    GENERATE_IMAGE,
    name="redraw_image",
    title="Redraw Image By Text",
    description=(
        "Draws over a given picture: starts from it, covered with as much noise as strength says, and follows the "
        "prompt from there. Good for variants of a drawing and for changing its objects or background; it works on "
        "the picture as a whole and shrinks it to the size of the drawing, so a photo does not stay a photo. The "
        f"prompt says what the whole result shows, not what changes. {_WORLD}"
    ),
    arguments=(
        picture(description="The picture to start from.", max_pixels=MAX_CONTROL_PIXELS),
        PROMPT,
        STRENGTH,
        *_SETTINGS,
    ),
    constants={"operation": "redraw"},
    examples=(
        "redraw this picture as a dog on a red background",
        "make a variation of this drawing",
        "draw this image again with a green background",
        "change the cat of the drawing into a bird",
        "image to image: turn it into a house",
        "repaint the picture as a sunflower",
    ),
)

DRAWING_TOOLS = (GENERATE_IMAGE, IMAGE_FROM_EDGES, IMAGE_FROM_DEPTH, REDRAW_IMAGE)
