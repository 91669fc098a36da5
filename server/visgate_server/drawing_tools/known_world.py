"""Says what each profile's networks know how to draw, in words for an LLM; declares no tool."""

from __future__ import annotations

KNOWN_OBJECTS = (
    "cat", "dog", "fish", "bird", "butterfly", "turtle", "apple", "banana", "strawberry", "grapes", "mushroom", "pizza",
    "tree", "tulip", "sunflower", "cactus", "rose", "star", "moon", "sun", "heart", "soccer ball", "cup", "book",
    "clock", "key", "umbrella", "guitar", "balloon", "gift", "light bulb", "car", "bus", "house", "airplane", "rocket",
    "boat", "sofa", "chair", "person", "dancer", "snowman",
)  # fmt: skip
"""What the pocket networks were trained to draw; a test compares it with their training scenes."""

KNOWN_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "grey")
"""The background colours that the pocket networks know."""

OBJECTS_AND_COLOURS = (
    f"these objects, flat as emoji: {', '.join(KNOWN_OBJECTS)}; on a plain background that is "
    f"{', '.join(KNOWN_COLOURS[:-1])} or {KNOWN_COLOURS[-1]}"
)

WORLD = (
    f"It knows scenes of one or two of {OBJECTS_AND_COLOURS}; one object in the middle, left, right, top or "
    "bottom, or two left of, right of, above or below each other. Say it as in 'a cat left of an apple on a blue "
    "background'. Anything else comes out as a blur of these. It draws 64 × 64 pixels and enlarges them four times."
)
"""What the pocket networks draw, and how large."""

FULL_SIZE = (
    "It draws best at 512 × 512 pixels, which it takes unless told otherwise, and enlarges them four times. A "
    "drawing of more than 640 × 640 pixels is too large for that: ask for it with enlarge false."
)
"""How large Stable Diffusion 1.5 draws; what, has no bounds that a sentence could name."""
