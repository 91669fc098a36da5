"""Declares the tools that draw along a control picture, one for each ControlNet; draws nothing."""

from __future__ import annotations

from visgate_server.drawing_tools.known_world import FULL_SIZE, WORLD
from visgate_server.drawing_tools.shared_arguments import DRAWN, MAX_CONTROL_PIXELS, PROMPT, SETTINGS
from visgate_server.tool_spec import Argument, ArgumentKind, ToolSpec, picture

CONTROL_SCALE = Argument(
    "control_scale",
    ArgumentKind.NUMBER,
    "How strictly the drawing follows the control picture; 0 not at all, 1 as trained.",
    default=1.0,
    minimum=0.0,
    maximum=2.0,
)


def _tool(
    kind: str,
    *,
    title: str,
    description: str,
    control_picture: str,
    checkpoint: str,
    examples: tuple[str, ...],
    pocket_description: str = "",
) -> ToolSpec:
    """A tool whose drawing follows one kind of control picture; the kind is the ControlNet's name in the profile."""
    return ToolSpec(
        name=f"image_from_{kind}",
        title=title,
        description=description,
        pocket_limits=WORLD,
        full_limits=FULL_SIZE,
        pocket_description=pocket_description,
        arguments=(
            picture(description=control_picture, max_pixels=MAX_CONTROL_PIXELS, exact=True),
            PROMPT,
            CONTROL_SCALE,
            *SETTINGS,
        ),
        pictures=(DRAWN,),
        constants={"operation": kind},
        examples=examples,
        checkpoint=f"lllyasviel/{checkpoint}",
        source="own ControlNet, trained on emoji scenes",
    )


IMAGE_FROM_EDGES = _tool(
    "edges",
    title="Generate Image Condition On Canny Image",
    description=(
        "Draws what the prompt says along the lines of an edge picture: white lines on black, as detect_edges returns "
        "them. Give it edges, never a photo: of a photo call detect_edges first. The outlines decide where things are "
        "and which shape they have, the prompt what they are."
    ),
    control_picture="The edges: white lines on black.",
    checkpoint="sd-controlnet-canny",
    examples=(
        "generate an image from these edges",
        "draw a new picture along this canny image",
        "make a picture of a car that follows the edge map",
        "use the edges to generate a new image of a cat",
        "colour in these outlines as a house on a red background",
        "new image from this edge picture",
    ),
)

IMAGE_FROM_LINES = _tool(
    "lines",
    title="Generate Image Condition On Line Image",
    description=(
        "Draws what the prompt says along straight lines: white line segments on black, as detect_lines returns them. "
        "Give it lines, never a photo. The segments say where the straight edges of things are, the prompt what the "
        "things are; round things leave few straight lines, so the prompt decides more there."
    ),
    control_picture="The straight lines: white segments on black.",
    checkpoint="sd-controlnet-mlsd",
    examples=(
        "generate an image from these straight lines",
        "draw a house along the line segments",
        "make a new picture that follows the detected lines",
        "new image conditioned on the line picture",
        "use the straight lines to generate a bus",
        "turn this wireframe into a picture of a book",
    ),
)

IMAGE_FROM_SOFT_EDGES = _tool(
    "soft_edges",
    title="Generate Image Condition On Soft Hed Boundary Image",
    description=(
        "Draws what the prompt says along soft boundaries: grey outlines on black, brighter where surer, as "
        "detect_soft_edges returns them. Give it soft edges, never a photo. The boundaries decide where things are and "
        "which shape they have, the prompt what they are."
    ),
    control_picture="The soft edges: grey to white outlines on black.",
    checkpoint="sd-controlnet-hed",
    examples=(
        "generate an image from these soft edges",
        "draw a new picture along the hed boundary",
        "new image conditioned on the soft hed boundary image",
        "use the soft outlines to generate a turtle",
        "make a picture of a sofa that follows the hed map",
        "paint something new within these soft boundaries",
    ),
)

IMAGE_FROM_SKETCH = _tool(
    "sketch",
    title="Generate Image Condition On Sketch Image",
    description=(
        "Draws what the prompt says over a sketch: thick white strokes on black, as detect_sketch returns them or as "
        "somebody scribbled. Dark strokes on white paper must be inverted first. The strokes decide roughly where "
        "things are and which shape they have, the prompt what they are."
    ),
    control_picture="The sketch: white strokes on black.",
    checkpoint="sd-controlnet-scribble",
    examples=(
        "generate an image from this sketch",
        "turn the scribble into a real picture",
        "draw a proper cat from my sketch",
        "new image conditioned on the sketch",
        "make a picture of a flower out of this scribble",
        "use the sketch to generate a boat",
    ),
)

_IN_THE_POSE = (
    "Draws what the prompt says in the pose of a stick figure: coloured limbs on black, as detect_pose returns them. "
    "Give it the pose picture, never a photo."
)

IMAGE_FROM_POSE = _tool(
    "pose",
    title="Generate Image Condition On Pose Image",
    description=(
        f"{_IN_THE_POSE} The figure decides where a human stands, how large and in which pose, the prompt who it is."
    ),
    pocket_description=(
        f"{_IN_THE_POSE} The figure decides where a human stands and how large; it knows 'a person' and 'a dancer', "
        "who always look the same, so limbs are followed in place and size alone."
    ),
    control_picture="The pose: coloured limbs on black.",
    checkpoint="sd-controlnet-openpose",
    examples=(
        "generate an image from this pose",
        "draw a dancer in this pose",
        "make a new picture of a person who stands like this skeleton",
        "new image conditioned on the human pose",
        "use the stick figure to generate a dancer on a red background",
        "someone else in the same pose",
    ),
)

IMAGE_FROM_SEGMENTATION = _tool(
    "segmentation",
    title="Generate Image Condition On Segmentations",
    description=(
        "Draws what the prompt says in the regions of a segmentation: one flat colour for each class, as segment_image "
        "returns it (divided by kind, not by part). Give it the segmentation, never a photo. The regions decide where "
        "things are and which shape they have, their colours and the prompt what they are; let the prompt name what "
        "the regions are."
    ),
    control_picture="The segmentation: a flat colour for each class, black for the background.",
    checkpoint="sd-controlnet-seg",
    examples=(
        "generate an image from this segmentation",
        "draw a new picture with these segmentation regions",
        "new image conditioned on the segmentation map",
        "use the segmentations to generate a cat left of a tree",
        "fill these coloured regions with real things",
        "make a picture that follows the segmentation",
    ),
)

IMAGE_FROM_DEPTH = _tool(
    "depth",
    title="Generate Image Condition On Depth",
    description=(
        "Draws what the prompt says with the spatial layout of a depth picture: grey levels, near is bright and far "
        "is dark, as estimate_depth returns it. Give it a depth map, never a photo. The depth decides where things are "
        "and how large, the prompt what they are."
    ),
    control_picture="The depth: near is bright, far is dark.",
    checkpoint="sd-controlnet-depth",
    examples=(
        "generate an image from this depth map",
        "draw a new picture with this depth",
        "make an image of a bus that follows the depth picture",
        "use the depth to generate a new image of a tree",
        "new image conditioned on depth",
        "keep the depth layout and draw a boat",
    ),
)

IMAGE_FROM_NORMALS = _tool(
    "normals",
    title="Generate Image Condition On Normal Map",
    description=(
        "Draws what the prompt says with the surfaces of a normal map: colours that tell which way each surface faces, "
        "as estimate_normals returns it. Give it a normal map, never a photo. The surfaces decide where things are and "
        "which shape they have, the prompt what they are."
    ),
    control_picture="The normal map: red is right, green is up, blue is towards the viewer.",
    checkpoint="sd-controlnet-normal",
    examples=(
        "generate an image from this normal map",
        "draw a new picture with these surface normals",
        "new image conditioned on the normal map",
        "use the normals to generate a clock",
        "make an image of a car that follows the normal map",
        "keep the surfaces of the normal map and draw a mushroom",
    ),
)

CONTROL_TOOLS = (
    IMAGE_FROM_EDGES,
    IMAGE_FROM_LINES,
    IMAGE_FROM_SOFT_EDGES,
    IMAGE_FROM_SKETCH,
    IMAGE_FROM_POSE,
    IMAGE_FROM_SEGMENTATION,
    IMAGE_FROM_DEPTH,
    IMAGE_FROM_NORMALS,
)
