"""SAM asked about points all over a picture, in ONNX and in the server's steps, equals transformers' mask generation.

Transformers' own removal of boxes that overlap calls torchvision, which is not needed for anything else here; the
reference has the published greedy rule instead.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from served_models import REPOSITORY, replies, request
from transformers import SamModel
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

from visgate_export.full_recipes import full_perception_recipes
from visgate_export.parity import open_session
from visgate_export.recipe import Materials, NetworkRecipe
from visgate_export.recipes import part_finding, segmentation
from visgate_export.recipes.outlining import load_outlining
from visgate_export.recipes.picture_batches import prepared_and_filled
from visgate_export.sample_pictures import photographs
from visgate_server.batching import answer_requests
from visgate_server.errors import NetworkError
from visgate_server.image_processing.corner_view import CornerView, corner_view
from visgate_server.models.segmentation import NETWORK, Segmentation
from visgate_server.segmentation.connected_parts import ConnectedParts
from visgate_server.segmentation.mask_generation import Candidates, candidates, filled_cells, grid_points, joined
from visgate_server.segmentation.part_finders import open_part_finder
from visgate_server.segmentation.sam_parts import POINTS_AT_ONCE, SamParts
from visgate_server.segmentation.tools import SEGMENT_IMAGE

from .tiny_grounding import MASK_SIDE, write_sam

CELLS = 32
TOLERANCE = 1e-4
LESS = (0.0, 14.0, 2.0, 4.0)
"""Of what each of a point's masks covers: all of the picture, or a few cells."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SAM that is sure of some of its masks, and whose masks have outlines; fresh weights do neither."""
    folder = tmp_path_factory.mktemp("weights")
    write_sam(folder / "sam-vit-base")
    network = SamModel.from_pretrained(folder / "sam-vit-base")
    decoder = network.mask_decoder
    with torch.no_grad():
        decoder.upscale_conv2.bias[0] = 10  # a channel that says the same of every cell
        for outline, less in zip(decoder.output_hypernetworks_mlps, LESS, strict=True):
            outline.proj_out.weight.mul_(1000)
            outline.proj_out.bias.mul_(1000)
            outline.proj_out.weight[0] = 0
            outline.proj_out.bias[0] = -less
        decoder.iou_prediction_head.proj_out.bias.add_(torch.tensor([0.0, 1.2, 1.3, 1.6]))
    network.save_pretrained(folder / "sam-vit-base")
    return folder


@pytest.fixture(scope="module")
def served(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the export leaves in the segmentation model's version folder, beside UperNet."""
    folder = tmp_path_factory.mktemp("segmentation")
    for recipe in part_finding.full_recipes("segmentation", weights):
        (folder / recipe.file_name).write_bytes(recipe.build(materials(recipe)).SerializeToString())
        for extra in recipe.extra_files:
            (folder / extra.file_name).write_bytes(extra.build(materials(recipe)))
    return folder


@pytest.fixture(scope="module")
def network(weights: Path) -> SamModel:
    return SamModel.from_pretrained(weights / "sam-vit-base").eval()


def materials(recipe: NetworkRecipe) -> Materials:
    return Materials({member: member.source.folder / member.path for member in recipe.members})


def embedding_of(network: SamModel, weights: Path, image: np.ndarray) -> torch.Tensor:
    recipe = part_finding.full_recipes("segmentation", weights)[0]
    rules = load_outlining(materials(recipe).path(recipe.members[0])).pictures
    view = corner_view(image, MASK_SIDE)
    return network.get_image_embeddings(torch.from_numpy(prepared_and_filled(view.image[None], view.size[None], rules)))


def reference_masks(masks: np.ndarray, qualities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks bool [kept, rows, columns], qualities and boxes that transformers and the published greedy rule keep."""
    rows, columns = masks.shape[-2:]
    found, scores, boxes = SamImageProcessorPil().filter_masks(
        torch.from_numpy(masks), torch.from_numpy(qualities), (rows, columns), np.array([0, 0, columns, rows])
    )
    kept: list[int] = []
    for index in torch.argsort(-scores, stable=True).tolist():
        if all(overlap(boxes[index].tolist(), boxes[other].tolist()) <= 0.7 for other in kept):
            kept.append(index)
    planes = [decoded(found[index]["counts"], rows, columns) for index in kept]
    return np.array(planes), scores[kept].numpy(), boxes[kept].numpy()


def decoded(counts: list[int], rows: int, columns: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(columns, rows).T


def overlap(box: list[float], other: list[float]) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = sum((right - left) * (bottom - top) for left, top, right, bottom in (box, other))
    return shared / (areas - shared) if areas > shared else 0.0


def blobs(points: int, seed: int, least: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Three discs of logits a point, steep and flat ones, some outside of the cells; and qualities about the limit."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[:CELLS, :CELLS]
    shape = (points, 3, 1, 1)
    middle = random.uniform(-4, CELLS + 4, (2, *shape))
    distance = np.hypot(down - middle[0], across - middle[1])
    steepness = random.choice([0.3, 2.0, 20.0], shape)
    logits = (random.uniform(0, 12, shape) - distance) * steepness
    qualities = random.permutation(np.linspace(least, 1.0, 3 * points)).reshape(points, 3)
    return logits.astype(np.float32), qualities.astype(np.float32)


def test_the_graph_is_what_transformers_computes_for_every_number_of_points(
    weights: Path, served: Path, network: SamModel
) -> None:
    for recipe in part_finding.full_recipes("segmentation", weights):
        recipe.check(served / recipe.file_name, materials(recipe)).require()
    session = open_session(served / "sam_points.onnx")
    random = np.random.default_rng(3)
    for count, image in zip((1, 5, 17), photographs(48, MASK_SIDE, 3), strict=True):
        points = random.uniform(0, 48, (count, 2)).astype(np.float32)
        with torch.inference_mode():
            embedding = embedding_of(network, weights, image)
            whole = network(
                image_embeddings=embedding,
                input_points=torch.from_numpy(points)[None, :, None],
                multimask_output=True,
            )
        masks, quality = session.run(["masks", "quality"], {"point": points, "embedding": embedding.numpy()})
        expected = whole.pred_masks[0].numpy()
        assert masks.shape == (count, 3, CELLS, CELLS)
        np.testing.assert_allclose(masks, expected, atol=TOLERANCE * np.abs(expected).max())
        np.testing.assert_allclose(quality, whole.iou_scores[0].numpy(), atol=TOLERANCE)
        assert count == 1 or np.abs(masks[0] - masks[1]).max() > 1, "the point is to matter"


def test_points_lie_where_transformers_puts_them() -> None:
    picture = np.zeros((75, 200, 3), np.uint8)
    _, expected, _, _ = SamImageProcessorPil().generate_crop_boxes(picture.transpose(2, 0, 1), 1024)
    points = grid_points(corner_view(picture, 1024))
    np.testing.assert_allclose(points, expected[0, :, 0].numpy(), atol=1e-3)
    assert points.max(axis=0).tolist() == [1008, 378]  # 1024 × 384 are filled: none in the rest


@pytest.mark.parametrize("seed", range(2))
def test_the_masks_that_are_kept_are_those_of_transformers(seed: int) -> None:
    masks, qualities = blobs(60, seed)
    masks_there, qualities_there, boxes_there = reference_masks(masks, qualities)
    batches = [slice(0, 13), slice(13, 14), slice(14, 60)]
    every = joined([candidates(masks[some], qualities[some], some.start) for some in batches])
    assert 1 < len(masks_there) < len(every.points) < 180, "some masks are to be left out at each step"
    kept = every.parts()
    order = np.argsort(-kept.qualities)
    np.testing.assert_array_equal(kept.qualities[order], qualities_there)
    np.testing.assert_array_equal(kept.boxes[order], boxes_there)
    np.testing.assert_array_equal(masks[kept.points, kept.answers][order] > 0, masks_there)
    assert (np.diff(kept.areas) <= 0).all()


def test_without_a_mask_that_is_sure_there_is_none() -> None:
    masks, qualities = blobs(5, 0)
    nothing = joined([candidates(masks, np.full_like(qualities, 0.88), 0)] * 2).parts()
    assert isinstance(nothing, Candidates)
    assert len(nothing.points) == len(nothing.boxes) == 0
    unsteady = candidates(np.zeros_like(masks) - 2, np.ones_like(qualities), 0)  # covers nothing at any threshold
    assert len(unsteady.points) == 0


@pytest.mark.parametrize("size", [(48, 64), (100, 30), (1, 1), (2, 300)])
def test_parts_are_transformers_masks_laid_on_each_other(size: tuple[int, int], served: Path) -> None:
    view = corner_view(np.zeros((*size, 3), np.uint8), MASK_SIDE)
    logits, qualities = blobs(1024, 7, least=0.6)
    expected = laid_on_each_other(logits, qualities, view)
    finder = SamParts(served)
    finder._points = SameAnswers(logits, qualities)  # type: ignore[assignment]
    [seen] = finder.see([np.zeros((*size, 3), np.uint8)])
    np.testing.assert_array_equal(seen.parts, expected)
    parts = seen.laid_out(np.zeros(size, np.int64), None)
    assert parts.shape == size
    assert min(size) <= 2 or len(np.unique(parts)) > 30, "there are to be parts"
    shares = np.bincount(parts.ravel())[1:]
    assert (np.diff(shares) <= 0).all()
    assert (shares > 0).all()


def test_both_graphs_together_find_the_parts_that_transformers_network_finds(
    weights: Path, served: Path, network: SamModel
) -> None:
    image = photographs(48, MASK_SIDE, 1)[0]
    view = corner_view(image, MASK_SIDE)
    with torch.inference_mode():
        whole = network(
            image_embeddings=embedding_of(network, weights, image),
            input_points=torch.from_numpy(grid_points(view))[None, :, None],
            multimask_output=True,
        )
    expected = laid_on_each_other(whole.pred_masks[0].numpy(), whole.iou_scores[0].numpy(), view)
    [seen] = SamParts(served).see([image])
    assert len(np.unique(expected)) > 2, "there are to be parts"
    assert (seen.parts == expected).mean() > 0.98, "where two masks are equally good, rounding decides"


def laid_on_each_other(logits: np.ndarray, qualities: np.ndarray, view: CornerView) -> np.ndarray:
    """The numbers of the masks that transformers keeps, in the size of the view, smaller ones above larger ones."""
    planes, scores, _ = reference_masks(np.ascontiguousarray(filled_cells(logits, view)), qualities)
    result = np.zeros((view.height, view.width), np.int64)
    for number, index in enumerate(np.argsort(-planes.sum(axis=(1, 2)), kind="stable"), start=1):
        [plane] = logits[qualities == scores[index]]  # no two are equally sure
        result[cv2.resize(plane, (MASK_SIDE, MASK_SIDE))[: view.height, : view.width] > 0] = number
    return result


class SameAnswers:
    """The same masks for the same points of the grid, whatever else they are asked with."""

    def __init__(self, masks: np.ndarray, qualities: np.ndarray) -> None:
        self._masks, self._qualities = masks, qualities
        self._known: dict[bytes, int] = {}

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        # The first time that a point is asked about, it is the next of the grid.
        numbers = [self._known.setdefault(point.tobytes(), len(self._known)) for point in inputs["point"]]
        return {"masks": self._masks[numbers], "quality": self._qualities[numbers]}


def test_each_row_of_a_batch_stands_alone_and_few_points_are_asked_at_once(served: Path) -> None:
    finder, asked = SamParts(served), []
    network = finder._points

    class Watched:
        def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            asked.append((len(inputs["point"]), len(inputs["embedding"])))
            return network.run(inputs)

    images = [*photographs(64, 48, 2), photographs(30, 60, 1)[0]]
    alone = [finder.see([image])[0] for image in images]
    finder._points = Watched()  # type: ignore[assignment]
    together = finder.see(images)
    for one, other in zip(alone, together, strict=True):
        classes = np.zeros((one.view.picture_height, one.view.picture_width), np.int64)
        np.testing.assert_array_equal(one.laid_out(classes, None), other.laid_out(classes, None))
    assert max(asked) == (POINTS_AT_ONCE, 1)
    assert len(asked) >= 3 * 1024 // POINTS_AT_ONCE


def test_the_model_names_sam_s_parts_by_the_class_map(served: Path, tmp_path: Path) -> None:
    for file in (*served.iterdir(), *(REPOSITORY / "segmentation" / "1" / name for name in ("labels.json", NETWORK))):
        shutil.copy(file, tmp_path)
    model = Segmentation()
    model.setup(tmp_path, lambda calls: [])
    images = photographs(96, 128, 2)
    [parts] = replies(answer_requests(model, [request(images[0], divide_by="part")])[0])
    wanted = [request(images[1], divide_by="part"), request(images[1]), request(images[0], divide_by="part")]
    other, kinds_of_other, again = (replies(answer)[0].data for answer in answer_requests(model, wanted))
    assert again == parts.data != other
    assert "labels" in kinds_of_other
    [kinds] = replies(answer_requests(model, [request(images[0])])[0])
    [seen] = SamParts(served).see([images[0]])
    drawn = parts.pictures["PICTURE"]
    np.testing.assert_array_equal(drawn.any(axis=2), seen.laid_out(np.zeros((96, 128), np.int64), None) > 0)
    assert len(parts.data["parts"]) > 1
    names = {tuple(entry["colour"]): entry["label"] for entry in kinds.data["labels"]} | {(0, 0, 0): None}
    for entry in parts.data["parts"]:
        colours, counts = np.unique(
            kinds.pictures["PICTURE"][(drawn == entry["colour"]).all(axis=2)], axis=0, return_counts=True
        )
        assert entry["label"] in {names[tuple(colour)] for colour in colours[counts == counts.max()].tolist()}


def test_the_folder_says_which_finder_is_opened(served: Path, tmp_path: Path) -> None:
    assert isinstance(open_part_finder(served), SamParts)
    assert isinstance(open_part_finder(tmp_path), ConnectedParts)
    (tmp_path / "parts.json").write_text(json.dumps({"name": "full"}))
    with pytest.raises(NetworkError, match="side"):
        open_part_finder(tmp_path)
    (tmp_path / "parts.json").write_text((served / "parts.json").read_text())
    with pytest.raises(NetworkError, match=r"sam_vision\.onnx"):
        open_part_finder(tmp_path)


def test_the_full_profile_has_both_networks_where_both_are_there(weights: Path, tmp_path: Path) -> None:
    assert segmentation.full_recipes(weights) == ()  # there is no UperNet in it
    for name in ("upernet-convnext-small", "sam-vit-base"):
        (tmp_path / name).mkdir()
    listed = {recipe.name: recipe for recipe in full_perception_recipes(tmp_path) if recipe.model == "segmentation"}
    assert list(listed) == ["upernet_ade20k", "sam_parts_vision", "sam_parts_points"]
    checkpoints = [member.source.repository for recipe in segmentation.full_recipes(None) for member in recipe.members]
    assert set(checkpoints) == set(SEGMENT_IMAGE.checkpoint.split(", "))
    (tmp_path / "sam-vit-base").rmdir()
    assert [recipe.name for recipe in segmentation.full_recipes(tmp_path)] == ["upernet_ade20k"]
