"""Trains the pocket segmentation network on scenes' true masks, and measures it on held-out ones."""

import numpy as np
import torch
from torch.nn import functional
from transformers import UperNetForSemanticSegmentation

from visgate_export.pocket.dense.architectures import segmentation_network
from visgate_export.pocket.dense.picture_bank import fill_bank, held_out_batches
from visgate_export.pocket.dense.weights import SEGMENTATION
from visgate_export.pocket.palette import CLASS_NAMES
from visgate_export.pocket.training import Schedule, TrainingRun

SCHEDULE = Schedule(steps=2_300, batch=24, learning_rate=2.5e-3)
_BANK = 12_000
_HELD_OUT_SCENES = 500
_BACKGROUND_WEIGHT = 0.4
"""Three pixels in four are background, and the easiest."""


def train_segmentation(schedule: Schedule = SCHEDULE, bank_size: int = _BANK) -> None:
    """Trains, measures, and saves weights and metrics."""
    run = TrainingRun(SEGMENTATION, schedule)
    bank = fill_bank(bank_size, schedule.seed + 51)
    model = segmentation_network()
    batches = bank.batches(schedule.batch, schedule.seed)
    weights = torch.ones(len(CLASS_NAMES))
    weights[0] = _BACKGROUND_WEIGHT

    def loss(step: int) -> torch.Tensor:
        pictures, chosen = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            logits = _coarse_logits(model, pictures)
        at_scene_size = functional.interpolate(logits.float(), scale_factor=2, mode="bilinear", align_corners=False)
        return functional.cross_entropy(at_scene_size, bank.classes[chosen].long(), weights)

    model.train()
    run.train(list(model.parameters()), loss, model.state_dict)
    model.eval()
    run.record(measure(model))


@torch.no_grad()
def measure(model: UperNetForSemanticSegmentation, count: int = _HELD_OUT_SCENES, seed: int = 52) -> dict[str, float]:
    """Mean IoU over all classes, and the share of pixels named right, on held-out scenes."""
    classes = len(CLASS_NAMES)
    table = np.zeros((classes, classes))
    for pictures, samples in held_out_batches(count, seed):
        logits = functional.avg_pool2d(model(pictures).logits, 2)
        truth = np.stack([sample.classes for sample in samples]).astype(np.int64)
        pairs = truth * classes + logits.argmax(1).numpy()
        table += np.bincount(pairs.ravel(), minlength=classes**2).reshape(classes, classes)
    hit = np.diag(table)
    iou = hit / np.maximum(table.sum(0) + table.sum(1) - hit, 1)
    return {"mean_iou": round(float(iou.mean()), 4), "pixels_right": round(float(hit.sum() / table.sum()), 4)}


def _coarse_logits(model: UperNetForSemanticSegmentation, pictures: torch.Tensor) -> torch.Tensor:
    """[N, classes, 32, 32]: before the network's own enlargement to the picture's size, which costs as much again."""
    return model.decode_head(model.backbone(pictures).feature_maps)


if __name__ == "__main__":
    train_segmentation()
