"""Makes the recipes of BLIP's pieces, for whichever BLIP; runs none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from visgate_export.language.blip import Blip
from visgate_export.network_origin import NetworkOrigin
from visgate_export.recipe import ExtraFile, NetworkRecipe, ParityReport

if TYPE_CHECKING:
    import onnx

BlipOrigin = NetworkOrigin[Blip[Any]]
"""Its name is what the recipes' names begin with, for example `pocket`."""


def captioning_recipes(origin: BlipOrigin, model: str) -> tuple[NetworkRecipe, ...]:
    """The picture encoder, with vocabulary and profile, and the word decoder of a captioner."""
    return (
        _recipe(origin, model, "picture_encoder", "caption_looker", _word_files(origin)),
        _recipe(origin, model, "word_decoder", "next_word"),
    )


def answering_recipes(origin: BlipOrigin, model: str) -> tuple[NetworkRecipe, ...]:
    """The picture encoder, with vocabulary and profile, the question encoder and the word decoder of an answerer."""
    return (
        _recipe(origin, model, "picture_encoder", "looker", _word_files(origin)),
        _recipe(origin, model, "question_encoder", "question_reader"),
        _recipe(origin, model, "word_decoder", "next_word"),
    )


@dataclass(frozen=True)
class _Piece:
    graph: Callable[[Blip[Any]], "onnx.ModelProto"]
    check: Callable[[Path, Blip[Any]], ParityReport]


_PIECES = {
    "caption_looker": _Piece(
        lambda blip: _graphs().caption_looker_graph(blip), lambda file, blip: _checks().check_caption_looker(file, blip)
    ),
    "looker": _Piece(lambda blip: _graphs().looker_graph(blip), lambda file, blip: _checks().check_looker(file, blip)),
    "question_reader": _Piece(
        lambda blip: _graphs().question_reader_graph(blip),
        lambda file, blip: _checks().check_question_reader(file, blip),
    ),
    "next_word": _Piece(
        lambda blip: _graphs().next_word_graph(blip.network.text_decoder),
        lambda file, blip: _checks().check_next_word(file, blip),
    ),
}


def _recipe(
    origin: BlipOrigin, model: str, name: str, piece: str, extra_files: tuple[ExtraFile, ...] = ()
) -> NetworkRecipe:
    return NetworkRecipe(
        name=f"{origin.name}_{model}_{name}",
        model=model,
        file_name=f"{name}.onnx",
        title=f"{origin.title}, {name.replace('_', ' ')}",
        licence=origin.licence,
        members=origin.members,
        build=lambda materials: _PIECES[piece].graph(origin.loaded(materials)),
        check=lambda file, materials: _PIECES[piece].check(file, origin.loaded(materials)),
        extra_files=extra_files,
    )


def _word_files(origin: BlipOrigin) -> tuple[ExtraFile, ...]:
    return (
        ExtraFile("vocabulary.json", lambda materials: origin.loaded(materials).vocabulary.encode()),
        ExtraFile("profile.json", lambda materials: origin.loaded(materials).profile.to_json().encode()),
    )


def _graphs() -> ModuleType:
    from visgate_export.language import graphs  # torch and transformers take seconds

    return graphs


def _checks() -> ModuleType:
    from visgate_export.language import parity_checks

    return parity_checks
