"""How the name of a picture's file is written in a sentence; knows no file."""

from __future__ import annotations

PICTURE_FILE = r"\S+\.(?:png|jpe?g|webp|gif|bmp|tiff?)"
"""A regular expression for one name, to be read without regard to case."""
