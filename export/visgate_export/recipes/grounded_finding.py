"""GroundingDINO and SAM, with which the full profile finds what words name; the pocket profile has CLIPSeg."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.recipes.outlining import SAM, Outlining, filled_batches, sam_recipe, sam_vision_recipe
from visgate_server.object_finding.finder_files import (
    GROUNDING_NETWORK,
    MASK_NETWORK,
    PROFILE_FILE,
    TOKENIZER_FILE,
    VISION_NETWORK,
)
from visgate_server.object_finding.finder_profile import GroundedProfile

if TYPE_CHECKING:
    import onnx
    from tokenizers import Tokenizer
    from transformers import GroundingDinoForObjectDetection

    from visgate_export.parity import Inputs, Outputs

MODEL = "object_finding"
GROUNDING_DINO = Checkpoint("IDEA-Research/grounding-dino-tiny", "Apache-2.0")

BOX_THRESHOLD, TEXT_THRESHOLD = 0.3, 0.25
"""Visual ChatGPT's own, `Text2Box` of its visual_chatgpt.py."""

_TEXTS = ("a cat", "the person on the left", "cup")


@dataclass(frozen=True)
class _Grounding:
    """GroundingDINO with what it takes."""

    network: "GroundingDinoForObjectDetection"
    pictures: PictureRules
    tokenizer: "Tokenizer"
    profile: GroundedProfile


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """Both networks' three graphs; nothing where `weights` lacks one of the two."""
    if not (GROUNDING_DINO.is_there(weights) and SAM.is_there(weights)):
        return ()
    words, outlines = GROUNDING_DINO.member(weights), SAM.member(weights)

    def grounding(materials: Materials) -> _Grounding:
        return _load_grounding(materials.path(words), materials.path(outlines))

    return (
        NetworkRecipe(
            name="grounding_dino",
            model=MODEL,
            file_name=GROUNDING_NETWORK,
            title="GroundingDINO tiny",
            licence=GROUNDING_DINO.licence,
            members=(words, outlines),
            build=lambda materials: _build_grounding(grounding(materials)),
            check=lambda network, materials: _check_grounding(network, grounding(materials)),
            extra_files=(
                ExtraFile(TOKENIZER_FILE, lambda materials: str(grounding(materials).tokenizer.to_str()).encode()),
                ExtraFile(PROFILE_FILE, lambda materials: grounding(materials).profile.to_json().encode()),
            ),
        ),
        sam_vision_recipe("sam_vision", MODEL, VISION_NETWORK, weights),
        sam_recipe("sam_masks", MODEL, MASK_NETWORK, "masks of boxes", _build_masks, _check_masks, weights),
    )


def _load_grounding(folder: Path, outlines: Path) -> _Grounding:
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer, GroundingDinoForObjectDetection

    from visgate_export.checkpoints import read_picture_rules
    from visgate_export.pretrained import load_pretrained, tokenizer_text

    network = load_pretrained(GroundingDinoForObjectDetection, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    pictures = read_picture_rules(folder)
    profile = GroundedProfile(
        name="full",
        side=pictures.height,
        mask_side=read_picture_rules(outlines).height,
        text_length=network.config.max_text_len,
        begin_token=tokenizer.cls_token_id,
        end_token=tokenizer.sep_token_id,
        stop_token=tokenizer.convert_tokens_to_ids("."),
        pad_token=tokenizer.pad_token_id,
        delimiters=tuple(network.model.special_tokens.tolist()),
        box_threshold=BOX_THRESHOLD,
        text_threshold=TEXT_THRESHOLD,
    )
    return _Grounding(network, pictures, Tokenizer.from_str(tokenizer_text(tokenizer)), profile)


def _build_grounding(made: _Grounding) -> "onnx.ModelProto":
    from visgate_export.networks.grounding_dino import grounding_graph

    return grounding_graph(made.network, made.pictures)


def _build_masks(made: Outlining) -> "onnx.ModelProto":
    from visgate_export.networks.sam import mask_graph

    return mask_graph(made.network)


def _check_grounding(network: Path, made: _Grounding) -> ParityReport:
    """Against transformers' whole forward pass, which works out by itself what the graph is given of the texts.

    Where two places fit the text equally well, rounding decides which is taken first, and each then meets another of
    the decoder's queries. The reference takes what the graph took, if that fits as well as its own choice.
    """
    from visgate_export.networks.grounding_parity import evaluate_like
    from visgate_export.parity import compare, open_session, pytorch_doing, row_by_row
    from visgate_server.object_finding.grounding_prompt import read_phrases

    session = open_session(network)
    batches: list[Inputs] = []
    chosen: dict[bytes, Outputs] = {}
    for pictures in filled_batches(made.pictures):
        texts = read_phrases(_TEXTS[: len(pictures["image"])], made.tokenizer, made.profile)
        batches.append({**pictures, **texts.inputs()})
        [places] = session.run(["chosen"], dict(batches[-1]))
        for row, picture in enumerate(pictures["image"]):
            chosen[picture.tobytes()] = {"chosen": places[row : row + 1]}
    evaluate = evaluate_like(made.network, made.pictures, lambda row: chosen[row["image"].tobytes()]["chosen"])
    tolerances = {"scores": 1e-3, "boxes": 1e-3, "chosen": 0.0}
    return compare(
        network,
        row_by_row(evaluate),
        pytorch_doing("transformers' GroundingDinoForObjectDetection"),
        batches,
        tolerances,
    )


def _check_masks(network: Path, made: Outlining) -> ParityReport:
    """Against transformers' forward pass with both boxes of a picture asked at once, as it takes them."""
    import numpy as np
    import torch

    from visgate_export.parity import compare, pytorch_doing
    from visgate_export.recipes.picture_batches import prepared_and_filled

    *_, pictures = filled_batches(made.pictures)
    side = np.float32(made.pictures.height)
    boxes = np.array([[0.1, 0.2, 0.6, 0.7], [0.0, 0.05, 0.9, 0.5]], np.float32) * side
    with torch.inference_mode():
        pixels = prepared_and_filled(pictures["image"], pictures["size"], made.pictures)
        embeddings = made.network.get_image_embeddings(torch.from_numpy(pixels))
        whole = made.network(
            image_embeddings=embeddings,
            input_boxes=torch.from_numpy(boxes).expand(len(embeddings), -1, -1),
            multimask_output=False,
        )
    count = len(embeddings) * len(boxes)
    inputs = {
        "embedding": embeddings.repeat_interleave(len(boxes), dim=0).numpy(),
        "box": np.tile(boxes, (len(embeddings), 1)),
    }
    expected = {
        "mask": whole.pred_masks.flatten(0, 2).numpy(),
        "quality": whole.iou_scores.flatten().numpy(),
    }
    batches = [{name: value[:size] for name, value in inputs.items()} for size in (1, count)]

    def evaluate(rows: "Inputs") -> "Outputs":
        return {name: value[: len(rows["box"])] for name, value in expected.items()}

    return compare(network, evaluate, pytorch_doing("transformers' SamModel"), batches, {"mask": 1e-2, "quality": 1e-3})
