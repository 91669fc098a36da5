"""Loads BLIP networks with their words and lengths: the pocket ones, or Salesforce's from the hub or a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules, read_picture_rules
from visgate_export.language.blip import Blip
from visgate_export.pretrained import load_pretrained, tokenizer_text
from visgate_server.language.profile import LanguageProfile

if TYPE_CHECKING:
    from transformers import BlipConfig

    from visgate_export.language.blip import Answerer, Captioner

CAPTIONING_BASE = Checkpoint("Salesforce/blip-image-captioning-base", "BSD-3-Clause")
VQA_BASE = Checkpoint("Salesforce/blip-vqa-base", "BSD-3-Clause")

# BLIP's own evaluation: captions of 20 tokens, answers of 10, questions of 35 (its configs and models/blip_vqa.py).
_LONGEST_CAPTION, _LONGEST_ANSWER, _LONGEST_QUESTION = 20, 10, 35


def load_pocket_captioner(weights: Path) -> "Blip[Captioner]":
    """The captioner of this project; `weights` is its safetensors file."""
    from visgate_export.pocket.language.weights import load_captioner

    network = load_captioner(weights.parent)
    profile = _profile(network.config, "Pocket BLIP, captions", _pocket_pictures(network.config), 0, knows_photos=False)
    return Blip(network, _pocket_pictures(network.config), _pocket_vocabulary(weights.parent), profile)


def load_pocket_answerer(weights: Path) -> "Blip[Answerer]":
    """The answerer of this project; `weights` is its safetensors file."""
    from visgate_export.pocket.language.weights import load_answerer

    network = load_answerer(weights.parent)
    longest = network.config.text_config.max_position_embeddings
    pictures = _pocket_pictures(network.config)
    profile = _profile(network.config, "Pocket BLIP, answers", pictures, longest, knows_photos=False)
    return Blip(network, pictures, _pocket_vocabulary(weights.parent), profile)


def load_full_captioner(folder: Path) -> "Blip[Captioner]":
    """A captioner as `save_pretrained` wrote it."""
    from transformers import BlipForConditionalGeneration

    network = load_pretrained(BlipForConditionalGeneration, folder, attn_implementation="eager")
    pictures = read_picture_rules(folder)
    profile = _profile(network.config, "BLIP, captions", pictures, 0, knows_photos=True)
    return Blip(network, pictures, _full_vocabulary(folder), profile)


def load_full_answerer(folder: Path) -> "Blip[Answerer]":
    """An answerer as `save_pretrained` wrote it."""
    from transformers import BlipForQuestionAnswering

    network = load_pretrained(BlipForQuestionAnswering, folder, attn_implementation="eager")
    pictures = read_picture_rules(folder)
    profile = _profile(network.config, "BLIP, answers", pictures, _LONGEST_QUESTION, knows_photos=True)
    return Blip(network, pictures, _full_vocabulary(folder), profile)


def _full_vocabulary(folder: Path) -> str:
    from transformers import AutoTokenizer

    return tokenizer_text(AutoTokenizer.from_pretrained(folder, local_files_only=True))


def _pocket_vocabulary(folder: Path) -> str:
    from visgate_export.pocket.language.weights import load_vocabulary

    return str(load_vocabulary(folder).to_str())


def _pocket_pictures(config: "BlipConfig") -> PictureRules:
    return PictureRules.signed_square(config.vision_config.image_size)


def _profile(
    config: "BlipConfig", title: str, pictures: PictureRules, longest_question: int, *, knows_photos: bool
) -> LanguageProfile:
    text = config.text_config
    longest = _LONGEST_ANSWER if longest_question else _LONGEST_CAPTION
    return LanguageProfile(
        title=title,
        picture_height=pictures.height,
        picture_width=pictures.width,
        begin_token=text.bos_token_id,
        end_token=text.sep_token_id,
        longest_text=min(longest, text.max_position_embeddings),
        longest_question=min(longest_question, text.max_position_embeddings),
        knows_photos=knows_photos,
    )
