"""Turns what a caller says about an object into a prompt for the inpainting network; knows nothing about pictures."""

from __future__ import annotations

import re

from visgate_server.english_counting import counted

BACKGROUND = "background"
"""The prompt that fills a hole with what is around it."""

_DETERMINERS = frozenset(("a", "an", "the", "some", "one", "two", "three", "this", "that", "my", "your", "his", "her"))
_BACKGROUND_IN_CAPTION = re.compile(r"\b(?:an?|the|plain)\s+((?:\w+\s+){1,2}background)\b", re.IGNORECASE)


def as_prompt(thing: str) -> str:
    """A thing with an article, as captions have it: "dog" becomes "a dog"."""
    thing = thing.strip()
    return thing if not thing or thing.split()[0].lower() in _DETERMINERS else counted(thing, 1)


def frame_prompt(caption: str) -> str:
    """What a frame around a picture shows: its background where the caption names one, else all of the caption.

    The frame of "a cat on a blue background" is not to be full of cats.
    """
    named = _BACKGROUND_IN_CAPTION.search(caption)
    return f"a {named.group(1).lower()}" if named else caption
