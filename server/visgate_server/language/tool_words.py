"""The words and the argument that tools share whose networks write text; decodes none."""

from __future__ import annotations

from visgate_server.language.decoding import DecodingRules
from visgate_server.language.profile import LanguageProfile
from visgate_server.tool_spec import Argument, ArgumentKind

BEAMS = Argument(
    "beams",
    ArgumentKind.INTEGER,
    "How many beginnings of the text are followed at a time: 1 is fastest, more may find a likelier text.",
    default=1,
    minimum=1,
    maximum=8,
)

SOURCE = "trained by this project on drawn scenes"

NOT_DRAWN = (
    "This does not look like a drawn scene, and this network has learned no other pictures, so its words are a guess; "
    "for photos use describe_image. "
)
"""Before the words about a picture that is out of the network's world."""


def decoding_rules(profile: LanguageProfile) -> DecodingRules:
    """How the network's texts begin and end."""
    return DecodingRules(profile.begin_token, profile.end_token, profile.longest_text)
