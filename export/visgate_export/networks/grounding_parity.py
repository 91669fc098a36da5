"""Evaluates GroundingDINO with transformers' own forward pass, the reference that the ONNX graph is compared with."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from transformers import GroundingDinoForObjectDetection

from visgate_export.checkpoints import PictureRules
from visgate_export.parity import Array, Evaluate, Inputs, Outputs
from visgate_export.recipes.picture_batches import prepared_and_filled

EQUALLY_WELL = 1e-2
"""Logits that differ by less are taken for equal where places of the feature maps are chosen by them."""


class _ChooseLike(TorchFunctionMode):  # type: ignore[misc]  # torch is not type-checked here
    """Lets `torch.topk` choose given places, if their values are those of its own choice but for rounding.

    The forward pass uses it once, to choose the places from which the decoder starts.
    """

    def __init__(self, places: torch.Tensor) -> None:
        super().__init__()
        self._places = places
        self.chosen = places

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is not torch.topk:
            return result
        values = torch.gather(args[0], 1, self._places)
        one_each = all(len(row.unique()) == len(row) for row in self._places)
        if one_each and bool(((values - result[0]).abs() <= EQUALLY_WELL).all()):
            return values, self._places
        self.chosen = result[1]
        return result


def evaluate_like(
    network: GroundingDinoForObjectDetection, rules: PictureRules, choice: Callable[[Inputs], Array]
) -> Evaluate:
    """The reference for one row: `scores`, `boxes` and `chosen`, from pictures, their sizes, ids and `is_text` alone.

    Args:
        network: in evaluation mode.
        rules: how it wants its pictures.
        choice: the places that the graph chose for a row, int64 [1, boxes].
    """

    def evaluate(inputs: Inputs) -> Outputs:
        side, (rows, columns) = rules.height, inputs["size"][0]
        pixels = np.zeros((1, side, side), np.int64)
        pixels[:, :rows, :columns] = 1
        mode = _ChooseLike(torch.from_numpy(choice(inputs)))
        with torch.inference_mode(), mode:
            result = network(
                pixel_values=torch.from_numpy(prepared_and_filled(inputs["image"], inputs["size"], rules)),
                pixel_mask=torch.from_numpy(pixels),
                input_ids=torch.from_numpy(inputs["input_ids"]),
                attention_mask=torch.from_numpy(inputs["is_text"].astype(np.int64)),
            )
        tokens = inputs["input_ids"].shape[1]
        return {
            "scores": result.logits[..., :tokens].sigmoid().numpy(),
            "boxes": result.pred_boxes.numpy(),
            "chosen": mode.chosen.numpy(),
        }

    return evaluate
