"""SAM beside UperNet, with which the full profile tells parts of a picture apart; the pocket profile has none.

Where a folder of weights lacks SAM, the parts are what hangs together in UperNet's class map, as in the pocket profile.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.recipes.outlining import SAM, Outlining, filled_batches, sam_recipe, sam_vision_recipe
from visgate_server.segmentation.part_files import POINT_NETWORK, PROFILE_FILE, VISION_NETWORK
from visgate_server.segmentation.parts_profile import PartsProfile

if TYPE_CHECKING:
    import onnx

    from visgate_export.parity import Inputs, Outputs

_POINT_COUNTS = (1, 3, 16)


def full_recipes(model: str, weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """SAM's two graphs for the model that segments; nothing where `weights` lacks SAM."""
    if not SAM.is_there(weights):
        return ()
    member = SAM.member(weights)

    def profile(materials: Materials) -> bytes:
        from visgate_export.checkpoints import read_picture_rules

        return PartsProfile("full", read_picture_rules(materials.path(member)).height).to_json().encode()

    return (
        # With the last of them, the profile: it is what tells the server that SAM is there.
        sam_vision_recipe("sam_parts_vision", model, VISION_NETWORK, weights),
        sam_recipe(
            "sam_parts_points",
            model,
            POINT_NETWORK,
            "masks of points",
            _build_points,
            _check_points,
            weights,
            (ExtraFile(PROFILE_FILE, profile),),
        ),
    )


def _build_points(made: Outlining) -> "onnx.ModelProto":
    from visgate_export.networks.sam import point_graph

    return point_graph(made.network)


def _check_points(network: Path, made: Outlining) -> ParityReport:
    """Against transformers' forward pass with all points of a picture asked at once, as it takes them.

    Each of the runs has another picture and another number of points.
    """
    import numpy as np
    import torch

    from visgate_export.parity import compare, pytorch_doing
    from visgate_export.recipes.picture_batches import prepared_and_filled

    *_, pictures = filled_batches(made.pictures)
    random = np.random.default_rng(0)
    batches: list[Inputs] = []
    answers: dict[int, Outputs] = {}
    with torch.inference_mode():
        pixels = prepared_and_filled(pictures["image"], pictures["size"], made.pictures)
        embeddings = made.network.get_image_embeddings(torch.from_numpy(pixels))
        for embedding, size, count in zip(embeddings, pictures["size"], _POINT_COUNTS, strict=True):
            points = (random.random((count, 2)) * size[::-1]).astype(np.float32)
            whole = made.network(
                image_embeddings=embedding[None],
                input_points=torch.from_numpy(points)[None, :, None],
                multimask_output=True,
            )
            batches.append({"point": points, "embedding": embedding[None].numpy()})
            answers[count] = {"masks": whole.pred_masks[0].numpy(), "quality": whole.iou_scores[0].numpy()}
    return compare(
        network,
        lambda rows: answers[len(rows["point"])],
        pytorch_doing("transformers' SamModel"),
        batches,
        {"masks": 1e-2, "quality": 1e-3},
    )
