"""Trains the pocket depth network on scenes' true nearness, and measures it on held-out ones."""

import numpy as np
import torch
from torch.nn import functional
from transformers import DPTForDepthEstimation

from visgate_export.pocket.dense.architectures import depth_network
from visgate_export.pocket.dense.picture_bank import fill_bank, held_out_batches
from visgate_export.pocket.dense.weights import DEPTH
from visgate_export.pocket.training import Schedule, TrainingRun

SCHEDULE = Schedule(steps=900, batch=24, learning_rate=2e-3)
FARTHEST = 0.05
"""Nearness below this counts as this: depth is one over nearness."""
_BANK = 8_000
_HELD_OUT_SCENES = 500
_MEAN_NEARNESS = 0.4


def train_depth(schedule: Schedule = SCHEDULE, bank_size: int = _BANK) -> None:
    """Trains, measures, and saves weights and metrics."""
    run = TrainingRun(DEPTH, schedule)
    bank = fill_bank(bank_size, schedule.seed + 41)
    model = depth_network()
    # The last layer's ReLU must let something through, or nothing is ever learned.
    torch.nn.init.constant_(model.head.head[-2].bias, _MEAN_NEARNESS)
    batches = bank.batches(schedule.batch, schedule.seed)

    def loss(step: int) -> torch.Tensor:
        pictures, chosen = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            nearness = model(pictures).predicted_depth
        return _loss(_at_scene_size(nearness.float()), bank.nearness[chosen])

    model.train()
    run.train(list(model.parameters()), loss, model.state_dict)
    model.eval()
    run.record(measure(model))


@torch.no_grad()
def measure(model: DPTForDepthEstimation, count: int = _HELD_OUT_SCENES, seed: int = 42) -> dict[str, float]:
    """The share of pixels of held-out scenes whose depth is within a quarter (δ < 1.25), and nearness' mean error."""
    close, errors = [], []
    for pictures, samples in held_out_batches(count, seed):
        found = _at_scene_size(model(pictures).predicted_depth)
        truth = torch.from_numpy(np.stack([sample.nearness for sample in samples]))
        ratio = found.clamp(FARTHEST, 1) / truth.clamp(FARTHEST, 1)
        close.append((torch.maximum(ratio, 1 / ratio) < 1.25).float().mean())
        errors.append((found - truth).abs().mean())
    return {
        "delta_1_25": round(float(torch.stack(close).mean()), 4),
        "error": round(float(torch.stack(errors).mean()), 4),
    }


def _at_scene_size(nearness: torch.Tensor) -> torch.Tensor:
    """[N, 128, 128] to [N, 64, 64], a scene's own size."""
    return functional.avg_pool2d(nearness[:, None], 2)[:, 0]


def _loss(found: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Absolute errors of nearness, of its logarithm (what δ counts), and of neighbours' differences (outlines)."""
    loss = functional.l1_loss(found, truth)
    loss = loss + 0.2 * functional.l1_loss(found.clamp(min=FARTHEST).log(), truth.clamp(min=FARTHEST).log())
    for axis in (1, 2):
        loss = loss + 0.5 * functional.l1_loss(found.diff(dim=axis), truth.diff(dim=axis))
    return loss


if __name__ == "__main__":
    train_depth()
