"""Declares the arguments and the result that drawing tools share; declares no tool."""

from __future__ import annotations

from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput

SCHEDULERS = ("dpm_solver++", "ddim", "euler", "euler_ancestral")

MAX_CONTROL_PIXELS = 2048 * 2048
"""Four million pixels are plenty for a picture that is shrunk to the drawing's size."""

DRAWN = PictureOutput("PICTURE", "The drawing, enlarged four times unless enlarge is false.")

PROMPT = Argument("prompt", ArgumentKind.TEXT, "What to draw, in English: objects, their places, the background.")

PAINTING_SETTINGS = (
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
)
"""What every tool that draws can be told."""

SIZE_SETTINGS = (
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
"""What a tool that makes a whole drawing can be told of its size."""

SETTINGS = (*PAINTING_SETTINGS, *SIZE_SETTINGS)
