"""Measures a finder on held-out scenes: how well it marks what is there, and whether it knows what is not."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from transformers import CLIPSegForImageSegmentation

from visgate_export.pocket.finding.pictures import MaskedPicture, drawn, rendered
from visgate_export.pocket.finding.queries import QueryWriter
from visgate_export.pocket.finding.tokens import text_tokens
from visgate_export.pocket.finding.words import ABSENT_NEVER_READ
from visgate_export.pocket.picture_tensors import to_tensor
from visgate_export.pocket.scenes import SIDE
from visgate_export.pocket.weights import load_tokenizer

FEWEST_PIXELS = 12
"""A mask of fewer pixels, of 64 × 64, is taken for nothing."""
_SCENES = 300


@dataclass(frozen=True)
class MeasuredQuery:
    """One answer beside the truth."""

    text: str
    truth: npt.NDArray[np.bool_]
    answer: npt.NDArray[np.bool_]

    @property
    def found(self) -> bool:
        """Whether the answer is more than specks."""
        return int(self.answer.sum()) >= FEWEST_PIXELS

    @property
    def overlap(self) -> float:
        """Intersection over union."""
        return float((self.truth & self.answer).sum() / max((self.truth | self.answer).sum(), 1))


def measure(model: CLIPSegForImageSegmentation, count: int = _SCENES, seed: int = 43) -> dict[str, float]:
    """Overlap of masks, and the share of absent things that are told to be absent, on renderings and on drawings."""
    result = {}
    for style, pictures in (
        ("rendered", list(islice(rendered(seed, held_out=True), count))),
        ("drawn", drawn(count, seed + 1, held_out=True)),
    ):
        present, absent = answers(model, pictures, seed)
        result[f"{style}_overlap"] = round(float(np.mean([one.overlap for one in present])), 4)
        result[f"{style}_absent"] = round(float(np.mean([not one.found for one in absent])), 4)
    return result


def enlarged(logits: torch.Tensor) -> torch.Tensor:
    """Masks [N, 32, 32] at the size of scenes, [N, 64, 64]."""
    return functional.interpolate(logits[:, None], size=(SIDE, SIDE), mode="bilinear", align_corners=False)[:, 0]


@torch.no_grad()
def answers(
    model: CLIPSegForImageSegmentation, pictures: list[MaskedPicture], seed: int
) -> tuple[list[MeasuredQuery], list[MeasuredQuery]]:
    """Asks of each picture for one thing that is there and one that is not."""
    random, tokenizer = np.random.default_rng(seed), load_tokenizer()
    writer = QueryWriter(random, ABSENT_NEVER_READ)
    present: list[MeasuredQuery] = []
    absent: list[MeasuredQuery] = []
    for one in pictures:
        index = int(random.integers(len(one.combination.objects)))
        asked = (writer.present(one.combination, index), writer.absent(one.combination))
        logits = model(
            input_ids=text_tokens(tokenizer, [query.text for query in asked]),
            pixel_values=to_tensor([one.picture] * 2),
        ).logits
        there, not_there = (enlarged(logits) > 0).numpy()
        present.append(MeasuredQuery(asked[0].text, one.masks[index], there))
        absent.append(MeasuredQuery(asked[1].text, np.zeros_like(there), not_there))
    return present, absent
