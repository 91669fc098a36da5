"""The chained names of a session's pictures: writes and parses them; touches no file.

As in Visual ChatGPT a name tells where its picture came from: `{new}_{operation}_{previous}_{original}.png`, where
`new` is the picture's own identity (four hexadecimal digits), `operation` the tool that made it (hyphens for
underscores, so that a name always splits at its underscores), `previous` the identity of the picture that the tool
was given, and `original` that of the photo at the head of the chain: `4b7d_detect-edges_9c1e_03fa.png`.
A picture that was made from no other has no such past, and so two parts: a photo that a person brought is
`03fa_photo.png` (Visual ChatGPT has the bare identity there; the second part always says what the picture is), and a
drawing from words alone is `4b7d_generate-image.png`, the head of whatever chain is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PHOTO = "photo"
_SUFFIX = ".png"
_IDENTITY = re.compile(r"[0-9a-f]{4}")
_OPERATION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class PictureName:
    """The parts of a picture's name; `previous` and `original` are both given or both none."""

    identity: str
    operation: str
    previous: str | None = None
    original: str | None = None

    def __str__(self) -> str:
        past = () if self.previous is None or self.original is None else (self.previous, self.original)
        return "_".join((self.identity, self.operation, *past)) + _SUFFIX

    def made(self, identity: str, operation: str) -> PictureName:
        """The name of a picture that `operation` made from this one."""
        return PictureName(identity, operation, self.identity, self.original or self.identity)

    @classmethod
    def parse(cls, name: str) -> PictureName:
        """The parts of a name.

        Raises:
            ValueError: it is not a name of this form.
        """
        parts = name.removesuffix(_SUFFIX).split("_")
        identities = [parts[0], *parts[2:]]
        well_formed = (
            name.endswith(_SUFFIX)
            and len(parts) in (2, 4)
            and all(_IDENTITY.fullmatch(part) for part in identities)
            and _OPERATION.fullmatch(parts[1])
        )
        if not well_formed:
            raise ValueError(f"{name!r} is no picture name of the form new_operation_previous_original.png")
        return cls(*parts)


def is_picture_name(name: str) -> bool:
    """Whether a name is of the form that sessions give their pictures."""
    try:
        PictureName.parse(name)
    except ValueError:
        return False
    return True


def operation_of(tool: str, output: str | None = None) -> str:
    """A tool's name, and perhaps that of one of its outputs, as the operation part of a picture's name."""
    words = tool if output is None else f"{tool} {output}"
    return "-".join(re.findall(r"[a-z0-9]+", words.lower())) or "tool"
