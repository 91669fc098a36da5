"""How well each tool does its work in the pocket profile, measured through the served models' own code.

Each module named here measures one tool or a few. It has `NAME` (how it is called on the command line), `GOALS` (the
least value of each figure that something was promised about) and `measure(scenes)`, which returns its figures.
"""

QUALITY_MODULES: tuple[str, ...] = (
    "controls",
    "depth",
    "editing",
    "inpainting",
    "finding",
    "segmentation",
    "captions",
    "answers",
    "object_editing",
    "redrawing",
    "outlines",
    "lines",
    "pose",
    "objects",
    "faces",
    "people",
    "reading",
    "classification",
    "enlarging",
    "descriptions",
)
"""Modules of this package, in the order in which they are measured and reported."""
