"""Declares the tools that change one object of a picture or extend it; changes nothing."""

from __future__ import annotations

from visgate_server.drawing_tools.known_world import OBJECTS_AND_COLOURS
from visgate_server.drawing_tools.shared_arguments import MAX_CONTROL_PIXELS, PAINTING_SETTINGS
from visgate_server.object_editing.canvas import MOST_FACTOR, USUAL_FACTOR
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

_WORLD = (
    f"It works on drawn scenes of {OBJECTS_AND_COLOURS}. On a photo it may find the object, but it paints flat emoji "
    "and plain colours, which do not look like a photo."
)
_LIKE_FOUND = (
    "Outside the mask, which is returned too, the picture stays exactly as given, at its own size. If the object is "
    "not there, the picture comes back unchanged, data.found is false and the text says what is there instead."
)
_PICTURES = (
    PictureOutput("PICTURE", "The changed picture."),
    PictureOutput("MASK", "255 where it was drawn anew, 0 where it was left as it was.", channels=1),
)
_OBJECT = Argument("object", ArgumentKind.TEXT, "The object in the picture, one thing: 'the cat', 'apple'.")

REMOVE_OBJECT = ToolSpec(
    name="remove_object",
    title="Remove Something From The Photo",
    description=(
        "Removes one object from a picture: finds it by its name and paints the background over it, in one call. "
        f"{_LIKE_FOUND}"
    ),
    pocket_limits=_WORLD,
    arguments=(picture(description="The picture.", max_pixels=MAX_CONTROL_PIXELS), _OBJECT, *PAINTING_SETTINGS),
    pictures=_PICTURES,
    constants={"operation": "remove"},
    examples=(
        "remove the cat from the picture",
        "take the car out of the photo",
        "delete the umbrella",
        "get rid of the tree",
        "erase the chair from the image",
        "I want the picture without the dog",
        "make the balloon disappear",
    ),
    checkpoint="IDEA-Research/grounding-dino-tiny, facebook/sam-vit-base, "
    "stable-diffusion-v1-5/stable-diffusion-inpainting",
    source="own networks, trained on emoji scenes",
)

REPLACE_OBJECT = ToolSpec(
    name="replace_object",
    title="Replace Something From The Photo",
    description=(
        "Replaces one object of a picture by another: finds it by its name and paints the new one in its place, about "
        f"as large, in one call. {_LIKE_FOUND}"
    ),
    pocket_limits=_WORLD,
    arguments=(
        picture(description="The picture.", max_pixels=MAX_CONTROL_PIXELS),
        _OBJECT,
        Argument("replacement", ArgumentKind.TEXT, "What comes in its place, one thing: 'a dog', 'desk'."),
        *PAINTING_SETTINGS,
    ),
    pictures=_PICTURES,
    constants={"operation": "replace"},
    examples=(
        "replace the cat with a dog",
        "replace the sofa with a desk",
        "swap the apple for a banana",
        "put a boat where the car is",
        "exchange the tree for a cactus",
        "instead of the house I want a rocket there",
        "substitute the cup by a book",
    ),
    checkpoint="IDEA-Research/grounding-dino-tiny, facebook/sam-vit-base, "
    "stable-diffusion-v1-5/stable-diffusion-inpainting",
    source="own networks, trained on emoji scenes",
)


def _pixels(name: str, description: str) -> Argument:
    return Argument(name, ArgumentKind.INTEGER, description, default=0, minimum=0, maximum=2048)


EXTEND_IMAGE = ToolSpec(
    name="extend_image",
    title="Extend An Image",
    description=(
        "Makes a picture larger by painting what lies beyond its edges, tile after tile (out-painting); the old "
        "picture stays exactly as it is in it. Say how much in one of three ways: pixels to add at the sides (left, "
        "right, top, bottom), the size of the result (width, height; the picture in the middle), or a factor. Nothing "
        f"said is a factor of {USUAL_FACTOR:g}. The result has at most {MAX_CONTROL_PIXELS} pixels. Without a prompt "
        "caption_image looks at the picture, and the new parts continue its background; a prompt is drawn in each new "
        f"tile, so name a background, or expect an object many times."
    ),
    pocket_limits=_WORLD,
    arguments=(
        picture(description="The picture to extend.", max_pixels=MAX_CONTROL_PIXELS),
        Argument(
            "prompt",
            ArgumentKind.TEXT,
            "What the new parts show, in English; empty to continue the picture.",
            default="",
        ),
        _pixels("left", "Pixels to add at the left."),
        _pixels("right", "Pixels to add at the right."),
        _pixels("top", "Pixels to add at the top."),
        _pixels("bottom", "Pixels to add at the bottom."),
        _pixels("width", "Width of the result in pixels; 0 for the picture's own, or as the other ways say."),
        _pixels("height", "Height of the result in pixels; 0 for the picture's own, or as the other ways say."),
        Argument(
            "factor",
            ArgumentKind.NUMBER,
            "How many times as wide and high the result is; 0 for as the other ways say.",
            default=0.0,
            minimum=0.0,
            maximum=MOST_FACTOR,
        ),
        *PAINTING_SETTINGS,
    ),
    pictures=(PictureOutput("PICTURE", "The extended picture."),),
    constants={"operation": "extend"},
    examples=(
        "extend the picture to the right by 64 pixels",
        "extend this image to 512 x 384",
        "outpaint the photo",
        "make the canvas larger and continue the background",
        "show more of what is around the picture",
        "add space at the top of the image and paint it",
        "widen the picture on both sides",
    ),
    checkpoint="stable-diffusion-v1-5/stable-diffusion-inpainting, Salesforce/blip-image-captioning-base",
    source="own networks, trained on emoji scenes",
)

EDITING_TOOLS = (REMOVE_OBJECT, REPLACE_OBJECT, EXTEND_IMAGE)
