"""Declares the tool that divides a picture, and says what it knows; divides nothing."""

from __future__ import annotations

from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

BY_KIND, BY_PART = "kind", "part"

DIVIDE_BY = Argument(
    "divide_by",
    ArgumentKind.TEXT,
    "What has a colour of its own. 'kind': all things of one kind together, for image_from_segmentation and for what "
    "there is. 'part': every single thing apart ('segment everything'), for where each one is; not for "
    "image_from_segmentation, which knows kinds by their colours.",
    default=BY_KIND,
    choices=(BY_KIND, BY_PART),
)

SEGMENT_IMAGE = ToolSpec(
    name="segment_image",
    title="Segmentation On Image, Segment the Image",
    description=(
        "Divides a whole picture into what its pixels belong to, every known kind of thing in a colour of its own. "
        "Returns the colour map, which image_from_segmentation draws from, and the picture tinted with names; data has "
        "labels: label, share (0–1), box (x1, y1, x2, y2 in pixels around all of that kind) and colour, largest first, "
        "and background_share. Two things of one kind are one label. With divide_by 'part' every single thing has its "
        "own colour, and data has parts in place of labels: the same entries, one a thing (label null where its kind "
        "is unknown), and unassigned_share; two apples that lie apart are two parts. Choose 'part' to count things or "
        "to mark each one, never for image_from_segmentation. For a mask of one thing that you name, use "
        "segment_object; for people in photos, segment_person."
    ),
    pocket_limits=(
        "In this profile it knows drawn scenes alone, with the objects that the drawing tools draw on a plain "
        "background: of a photo its answer is not to be trusted; and things of one kind that touch are one part."
    ),
    full_limits=(
        "The kinds are ADE20K's 150 (wall, building, sky …): what surrounds things is a kind too, so no pixel is "
        "background."
    ),
    arguments=(picture(), DIVIDE_BY),
    pictures=(
        PictureOutput(
            "PICTURE", "The colour map: a colour a kind of thing, or a part; black where there is neither.", exact=True
        ),
        PictureOutput("OVERLAY", "The picture tinted in those colours, with names where they fit."),
    ),
    examples=(
        "segment the image",
        "make a segmentation map of this picture",
        "segment the picture by kinds of things",
        "semantic segmentation of the photo",
        "colour each kind of thing in the picture differently",
        "which regions does the image consist of",
        "divide the picture into its parts",
        "segment everything in the image, each part apart",
        "segment every single part of the picture in its own colour",
    ),
    checkpoint="openmmlab/upernet-convnext-small, facebook/sam-vit-base",
    source="trained by this project on drawn scenes",
)
