"""Tells which profile's networks a model repository holds; opens none of them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from visgate_server.embedded.model_folders import served_version
from visgate_server.profiles import Profile

_MODEL = "diffusion"
_FILE = "profile.json"


def profile_in(repository: Path) -> Profile:
    """The profile that the drawing networks' settings name; the pocket profile where they name none.

    They decide for all, as Triton is told of one profile: nothing is limited as narrowly as the pocket's drawings are,
    and the full profile always has networks that draw. Better a network that is told of as less than it is, than one
    that is asked for what it cannot do.
    """
    version = served_version(repository / _MODEL)
    with suppress(OSError, ValueError, KeyError, TypeError):
        if version is not None:
            return Profile(json.loads((version / _FILE).read_text(encoding="utf-8"))["name"])
    return Profile.POCKET
