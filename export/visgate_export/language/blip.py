"""Says what a BLIP network is that gets exported: the network, its words, its pictures and its lengths."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from visgate_export.checkpoints import PictureRules
from visgate_server.language.profile import LanguageProfile

if TYPE_CHECKING:  # transformers is only imported where a network is really built
    from transformers import BlipForConditionalGeneration, BlipForQuestionAnswering

    Captioner = BlipForConditionalGeneration
    Answerer = BlipForQuestionAnswering

NetworkT = TypeVar("NetworkT")


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
