"""Lists every text from which the pocket vocabulary takes its words; makes no vocabulary."""

from collections.abc import Iterator
from dataclasses import astuple
from string import Formatter

from visgate_export.pocket.language.plain_captions import PLACE_WORDS, with_article
from visgate_export.pocket.language.question_wordings import COURTESIES, HELD_OUT, PARTS, SIDES, TRAINING
from visgate_export.pocket.language.questions import NO, NOTHING, NOWHERE, OWN_COLOURS, YES, plural
from visgate_export.pocket.objects import COLOUR_WORDS, OBJECTS

_BESIDES = ("what's", "the one", "as well", "zero", "three", "and", "background", "0 1 2")


def known_texts() -> Iterator[str]:
    """Texts that hold every word of captions, questions and answers between them."""
    for wordings in (TRAINING, HELD_OUT):
        for templates in astuple(wordings):
            yield from map(_without_fields, templates)
    yield from map(_without_fields, COURTESIES)
    for words in (*SIDES.values(), *PARTS.values(), *COLOUR_WORDS.values(), (NOTHING, NOWHERE, YES, NO), _BESIDES):
        yield from words
    yield from PLACE_WORDS.values()
    yield from OWN_COLOURS.values()
    for known in OBJECTS:
        yield plural(known.name)
        yield from (with_article(word) for word in known.words)


def _without_fields(template: str) -> str:
    return " ".join(text for text, *_ in Formatter().parse(template))
