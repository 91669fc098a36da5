"""GroundingDINO and SAM in ONNX, and the server's steps around them, equal transformers' networks and processors."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from transformers import BertTokenizer, GroundingDinoForObjectDetection, GroundingDinoProcessor, SamModel, SamProcessor
from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

from visgate_export.full_recipes import full_perception_recipes
from visgate_export.networks.grounding_parity import evaluate_like
from visgate_export.parity import open_session
from visgate_export.recipe import Materials, NetworkRecipe
from visgate_export.recipes import grounded_finding, object_finding
from visgate_export.sample_pictures import photographs
from visgate_server.errors import NetworkError
from visgate_server.image_processing.corner_view import corner_view
from visgate_server.object_finding.finder import Look
from visgate_server.object_finding.finders import open_finder
from visgate_server.object_finding.found_object import Way
from visgate_server.object_finding.grounded_finder import GroundedFinder
from visgate_server.object_finding.grounding_prompt import read_phrases
from visgate_server.object_finding.spoken_object import read_object

from .tiny_grounding import MEAN, SIDE, STD, write_checkpoints

PHRASES = ["The red apple", "a person on the left"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_checkpoints(folder)
    return folder


@pytest.fixture(scope="module")
def served(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version folder as the export leaves it."""
    folder = tmp_path_factory.mktemp("object_finding")
    for recipe in object_finding.full_recipes(weights):
        (folder / recipe.file_name).write_bytes(recipe.build(materials(recipe)).SerializeToString())
        for extra in recipe.extra_files:
            (folder / extra.file_name).write_bytes(extra.build(materials(recipe)))
    return folder


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """As large as what the networks take, so that nobody's way of resizing shows; the second fills no square."""
    square, wide = photographs(SIDE, SIDE, 2)
    return [square, cv2.resize(wide, (SIDE, SIDE * 3 // 4))]


@pytest.fixture(scope="module")
def grounding_processor(weights: Path) -> GroundingDinoProcessor:
    images = GroundingDinoImageProcessorPil(
        size={"shortest_edge": SIDE, "longest_edge": SIDE},
        pad_size={"height": SIDE, "width": SIDE},
        image_mean=MEAN,
        image_std=STD,
    )
    return GroundingDinoProcessor(images, BertTokenizer.from_pretrained(weights / "grounding-dino-tiny"))


def materials(recipe: NetworkRecipe) -> Materials:
    return Materials({member: member.source.folder / member.path for member in recipe.members})


@pytest.mark.parametrize("name", ["grounding_dino", "sam_vision", "sam_masks"])
def test_every_graph_is_what_transformers_computes(name: str, weights: Path, served: Path) -> None:
    recipe = next(recipe for recipe in grounded_finding.full_recipes(weights) if recipe.name == name)
    report = recipe.check(served / recipe.file_name, materials(recipe))
    report.require()
    assert len(set(report.batch_sizes)) > 1


def test_a_picture_prepared_in_another_way_is_noticed(weights: Path, served: Path) -> None:
    for recipe in grounded_finding.full_recipes(weights)[:2]:
        folder = materials(recipe).path(recipe.members[0])
        rules = folder / "preprocessor_config.json"
        kept = rules.read_text()
        try:
            rules.write_text(json.dumps({**json.loads(kept), "image_mean": [0.6, 0.45, 0.4]}))
            assert not recipe.check(served / recipe.file_name, materials(recipe)).passed
        finally:
            rules.write_text(kept)


def test_places_that_fit_worse_than_the_reference_s_own_are_not_taken_over(weights: Path, served: Path) -> None:
    network = GroundingDinoForObjectDetection.from_pretrained(weights / "grounding-dino-tiny").eval()
    finder = GroundedFinder(served)
    recipe, *_ = grounded_finding.full_recipes(weights)
    made = grounded_finding._load_grounding(*(materials(recipe).path(member) for member in recipe.members))
    row = {
        "image": photographs(SIDE, SIDE, 1),
        "size": np.array([[SIDE, SIDE]]),
        **read_phrases(PHRASES[:1], made.tokenizer, finder.profile).inputs(),
    }
    [right] = open_session(served / "grounding.onnx").run(["chosen"], row)
    worse = np.arange(right.shape[1])[None]
    assert not np.array_equal(np.sort(right), worse), "another choice is to be tried"
    for given, taken in ((right, right), (worse, right), (np.repeat(right[:, :1], right.shape[1], axis=1), right)):
        outputs = evaluate_like(network, made.pictures, lambda _, given=given: given)(row)
        np.testing.assert_array_equal(outputs["chosen"], taken)


def test_boxes_scores_and_phrases_are_those_of_transformers(
    weights: Path, served: Path, pictures: list[np.ndarray], grounding_processor: GroundingDinoProcessor
) -> None:
    finder = GroundedFinder(served)
    network = GroundingDinoForObjectDetection.from_pretrained(weights / "grounding-dino-tiny").eval()
    inputs = grounding_processor(
        images=pictures, text=[[phrase] for phrase in PHRASES], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        outputs = network(**inputs)
    expected = grounding_processor.post_process_grounded_object_detection(
        outputs,
        inputs["input_ids"],
        threshold=finder.profile.box_threshold,
        text_threshold=finder.profile.text_threshold,
        target_sizes=[picture.shape[:2] for picture in pictures],
    )
    found = finder.ground(pictures, PHRASES)
    assert [len(boxes.scores) for boxes, _ in found] == [len(own["scores"]) for own in expected]
    for (boxes, best), own in zip(found, expected, strict=True):
        assert len(boxes.scores) > 1
        np.testing.assert_allclose(boxes.corners, own["boxes"], atol=1e-2)
        np.testing.assert_allclose(boxes.scores, own["scores"], atol=1e-4)
        assert best == pytest.approx(float(own["scores"].max()), abs=1e-4)
        decode = grounding_processor.tokenizer.decode
        assert [decode(list(ids)) for ids in boxes.tokens] == own["text_labels"]
    other, _ = finder.ground(pictures[:1], ["cup"])[0]
    assert not np.array_equal(other.scores, found[0][0].scores), "what is asked for is to matter"


def test_masks_are_those_of_transformers(weights: Path, served: Path, pictures: list[np.ndarray]) -> None:
    finder = GroundedFinder(served)
    images = SamImageProcessorPil(
        size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD
    )
    processor, network = SamProcessor(images), SamModel.from_pretrained(weights / "sam-vit-base").eval()
    boxes = [np.array([[3, 5, 40, 30], [20, 2, 60, 47]], np.float32)] * 2
    inputs = processor(pictures, input_boxes=[own.tolist() for own in boxes], return_tensors="pt")
    with torch.inference_mode():
        outputs = network(
            pixel_values=inputs["pixel_values"], input_boxes=inputs["input_boxes"].float(), multimask_output=False
        )
    views = [corner_view(picture, SIDE) for picture in pictures]
    found = finder.outline(views, boxes)
    for own, expected in zip(found, outputs.pred_masks[:, :, 0].numpy(), strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-3)
    assert np.abs(found[0][0] - found[0][1]).max() > 0.01, "the box is to matter"
    assert [len(own) for own in finder.outline(views, [boxes[0][:0], boxes[1]])] == [0, 2]


def test_the_folder_s_profile_says_which_finder_is_opened(
    served: Path, pictures: list[np.ndarray], tmp_path: Path
) -> None:
    finder = open_finder(served, lambda calls: [])
    assert not finder.drawn_only
    looks = [Look(picture, read_object(phrase)) for picture, phrase in zip(pictures, PHRASES, strict=True)]
    for look, sighting in zip(looks, finder.see(looks), strict=True):
        found = sighting.found(look)
        height, width, _ = look.image.shape
        assert found.way is Way.GROUNDED
        assert found.mask.shape == (height, width)
        assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in found.boxes)
    assert len(finder.see(looks[1:])[0].found(looks[1]).boxes) == 1, "one is the most on the left"
    (tmp_path / "finder.json").write_text(json.dumps({"finder": "crystal ball"}))
    with pytest.raises(NetworkError, match="crystal ball"):
        open_finder(tmp_path, lambda calls: [])


def test_clipseg_serves_where_one_of_the_two_is_missing(weights: Path, tmp_path: Path) -> None:
    listed = [recipe.name for recipe in full_perception_recipes(weights) if recipe.model == "object_finding"]
    assert listed == ["grounding_dino", "sam_vision", "sam_masks"]
    for name in ("grounding-dino-tiny", "clipseg-rd64-refined"):
        (tmp_path / name).mkdir()
    names = [recipe.name for recipe in object_finding.full_recipes(tmp_path)]
    assert names == ["clipseg_full_text", "clipseg_full_vision", "clipseg_full_masks"]
