"""BLIP's pieces as ONNX: tiny random checkpoints of the full profile, against transformers' own `generate`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_blip import (
    DECODING,
    LONGEST,
    PIECES,
    RULES,
    SIDE,
    pixels,
    random_answerer,
    random_captioner,
    random_pictures,
    save,
    without_marks,
)
from transformers import BlipForConditionalGeneration, BlipForQuestionAnswering

from visgate_export.errors import ParityError
from visgate_export.full_recipes import full_perception_recipes
from visgate_export.recipe import Materials, NetworkRecipe
from visgate_export.recipes import image_captioning, question_answering
from visgate_server.language.decoding import say
from visgate_server.language.profile import read_profile
from visgate_server.language.vocabulary import open_vocabulary
from visgate_server.language.word_decoder import Seen
from visgate_server.networks import open_network

QUESTIONS = ("what is left of the cat ?", "is the dog red ?", "what is the unhappiest catling")


@dataclass(frozen=True)
class Exported:
    captioner: BlipForConditionalGeneration
    answerer: BlipForQuestionAnswering
    recipes: dict[str, NetworkRecipe]
    materials: Materials
    folder: Path

    def file(self, model: str, name: str) -> Path:
        return self.folder / model / name


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    weights, folder = tmp_path_factory.mktemp("weights"), tmp_path_factory.mktemp("networks")
    captioner, answerer = random_captioner(), random_answerer()
    save(captioner, weights / "blip-image-captioning-base")
    save(answerer, weights / "blip-vqa-base")
    recipes = (*image_captioning.full_recipes(weights), *question_answering.full_recipes(weights))
    materials = Materials(
        {member: member.source.folder / member.path for recipe in recipes for member in recipe.members}
    )
    for recipe in recipes:
        (folder / recipe.model).mkdir(exist_ok=True)
        (folder / recipe.model / recipe.file_name).write_bytes(recipe.build(materials).SerializeToString())
        for extra in recipe.extra_files:
            (folder / recipe.model / extra.file_name).write_bytes(extra.build(materials))
    by_file = {f"{recipe.model}/{recipe.file_name}": recipe for recipe in recipes}
    return Exported(captioner, answerer, by_file, materials, folder)


def test_every_piece_equals_transformers(exported: Exported) -> None:
    assert len(exported.recipes) == 5
    for file, recipe in exported.recipes.items():
        report = recipe.check(exported.folder / file, exported.materials)
        report.require()
        assert len(report.batch_sizes) == 2


def test_the_check_notices_other_weights(exported: Exported, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    save(random_captioner(7), weights / "blip-image-captioning-base")
    (recipe,) = (one for one in image_captioning.full_recipes(weights) if one.file_name == "word_decoder.onnx")
    materials = Materials({member: member.source.folder / member.path for member in recipe.members})
    with pytest.raises(ParityError, match="log_probabilities"):
        recipe.check(exported.file("image_captioning", "word_decoder.onnx"), materials).require()


@pytest.mark.parametrize("beams", [1, 3])
def test_captions_are_what_transformers_generates(exported: Exported, beams: int) -> None:
    pictures = random_pictures(4, 5)
    looked = open_network(exported.file("image_captioning", "picture_encoder.onnx")).run({"image": pictures})
    seen = Seen(looked["seen_keys"], looked["seen_values"], np.ones((4, looked["seen_keys"].shape[3]), np.bool_))
    said = say(open_network(exported.file("image_captioning", "word_decoder.onnx")), seen, DECODING, beams)
    generated = exported.captioner.generate(
        pixel_values=pixels(pictures), max_length=LONGEST, num_beams=beams, do_sample=False
    )
    assert [text.tokens for text in said] == [without_marks(row) for row in generated.tolist()]


@pytest.mark.parametrize("beams", [1, 3])
def test_answers_of_a_batch_are_what_transformers_generates_one_by_one(exported: Exported, beams: int) -> None:
    """`BlipForQuestionAnswering.generate` lets answers attend to padding, so it is right for one question at a time."""
    folder, pictures = exported.folder / "question_answering", random_pictures(len(QUESTIONS), 6)
    vocabulary = open_vocabulary(folder)
    tokens = [vocabulary.question(question, 35).tokens for question in QUESTIONS]
    assert len({len(row) for row in tokens}) > 1, "the batch should need padding"
    known = np.arange(max(map(len, tokens))) < np.array([[len(row)] for row in tokens])
    padded = np.zeros(known.shape, np.int64)
    padded[known] = np.concatenate(tokens)
    picture = open_network(folder / "picture_encoder.onnx").run({"image": pictures})["picture"]
    read = open_network(folder / "question_encoder.onnx").run({"picture": picture, "question": padded, "known": known})
    seen = Seen(read["seen_keys"], read["seen_values"], known)
    said = say(open_network(folder / "word_decoder.onnx"), seen, DECODING, beams)
    for row, text in enumerate(said):
        generated = exported.answerer.generate(
            input_ids=torch.from_numpy(tokens[row][None]),
            pixel_values=pixels(pictures[row : row + 1]),
            max_length=LONGEST,
            num_beams=beams,
            do_sample=False,
        )
        assert text.tokens == without_marks(generated[0].tolist())


def test_vocabulary_and_profile_are_the_checkpoints(exported: Exported) -> None:
    folder = exported.folder / "question_answering"
    vocabulary, profile = open_vocabulary(folder), read_profile(folder)
    asked = vocabulary.question("What is the CATLING of zzz?", 35)
    pieces = ["[CLS]", "what", "is", "the", "cat", "##ling", "of", "[UNK]", "?", "[SEP]"]
    assert [PIECES[token] for token in asked.tokens] == pieces
    assert asked.unknown_words == ("zzz",)
    assert vocabulary.text([PIECES.index(piece) for piece in ("a", "red", "cat", "##ling")]) == "a red catling"
    assert (profile.picture_height, profile.picture_width) == (SIDE, SIDE)
    assert profile.knows_photos
    assert (profile.begin_token, profile.end_token) == (DECODING.begin, DECODING.end)
    assert (profile.longest_text, profile.longest_question) == (10, 35)
    assert json.loads((exported.folder / "image_captioning" / "profile.json").read_text())["longest_text"] == 20
    assert RULES.mean[0] != RULES.mean[1], "channels should differ, or swapped ones would not be seen"


def test_the_full_profile_lists_what_a_folder_has(exported: Exported, tmp_path: Path) -> None:
    assert not [recipe for recipe in full_perception_recipes(tmp_path) if recipe.licence == "BSD-3-Clause"]
    save(random_captioner(), tmp_path / "blip-image-captioning-base")
    listed = [recipe.name for recipe in full_perception_recipes(tmp_path)]
    assert listed == ["full_image_captioning_picture_encoder", "full_image_captioning_word_decoder"]
