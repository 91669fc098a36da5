"""Says what a BLIP network is that gets exported: the network, its words, its pictures and its lengths."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from visgate_export.checkpoints import PictureRules

if TYPE_CHECKING:  # transformers is only imported where a network is really built
    from transformers import BlipForConditionalGeneration, BlipForQuestionAnswering

    Captioner = BlipForConditionalGeneration
    Answerer = BlipForQuestionAnswering

NetworkT = TypeVar("NetworkT")


@dataclass(frozen=True)
class LanguageProfile:
    """What the server has to know beside the networks; `profile.json`.

    Attributes:
        title: the network, for people.
        picture_height: rows of the pictures that it looks at.
        picture_width: columns of them.
        begin_token: what the decoder starts from.
        end_token: what it ends a text with.
        longest_text: tokens that it says at most, with both marks.
        longest_question: tokens of a question that are read at most, with both marks; 0 where none is.
        knows_photos: whether photos are part of its world; the pocket networks know drawn scenes alone.
    """

    title: str
    picture_height: int
    picture_width: int
    begin_token: int
    end_token: int
    longest_text: int
    longest_question: int
    knows_photos: bool

    def to_json(self) -> str:
        """As the server reads it."""
        return json.dumps(asdict(self), indent=2) + "\n"


@dataclass(frozen=True)
class Blip(Generic[NetworkT]):
    """A network with all that belongs to it.

    Attributes:
        network: in float32 and evaluation mode.
        pictures: how it wants its pictures.
        vocabulary: text of a `tokenizers` file that puts the marks round a question by itself.
        profile: what the server has to know.
    """

    network: NetworkT
    pictures: PictureRules
    vocabulary: str
    profile: LanguageProfile
