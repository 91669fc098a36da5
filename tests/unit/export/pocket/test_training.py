"""A training run learns, keeps its weights, and writes down how it went beside what is known of other networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from visgate_export.pocket import training, weight_files
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weight_files import read_metrics, read_weights

SCHEDULE = Schedule(steps=60, batch=1, learning_rate=0.2, warm_up=10)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(weight_files, "WEIGHTS", tmp_path)
    return tmp_path


def learn(name: str, seen: list[float] | None = None) -> torch.nn.Parameter:
    run = TrainingRun(name, SCHEDULE)
    learned = torch.nn.Parameter(torch.randn(3))

    def loss(step: int) -> torch.Tensor:
        if seen is not None:
            seen.append(float(learned.detach()[0]))
        return (learned - torch.tensor([1.0, 2.0, 3.0])).square().sum()

    run.train([learned], loss, lambda: {"learned": learned})
    run.record({"right": 0.5})
    return learned


def test_the_rate_rises_and_falls_to_nothing() -> None:
    shares = [SCHEDULE.rate_share(step) for step in range(SCHEDULE.steps + 1)]
    assert shares[0] == pytest.approx(0.1)
    peak = shares.index(max(shares))
    assert 5 < peak < 12
    assert shares[:peak] == sorted(shares[:peak])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    assert shares[-1] == 0


def test_what_was_learned_is_kept_with_the_metrics(weights: Path) -> None:
    (weights / "metrics.json").write_text(json.dumps({"other": {"minutes": 3.0}}))
    learned = learn("three_numbers")
    assert torch.allclose(learned.detach(), torch.tensor([1.0, 2.0, 3.0]), atol=0.3)
    kept = read_weights("three_numbers", weights)["learned"]
    assert torch.allclose(kept, learned.detach(), atol=2e-3)
    metrics = read_metrics("three_numbers", weights)
    assert metrics.keys() == {"right", "final_loss", "steps", "minutes"}
    assert (metrics["right"], metrics["steps"]) == (0.5, 60)
    assert 0 < metrics["final_loss"] < 30, "the average lags behind, but is below what it began with"
    assert read_metrics("other", weights) == {"minutes": 3.0}


def test_the_same_seed_begins_alike(weights: Path) -> None:
    first, second = [], []
    learn("first", first)
    torch.rand(5)
    learn("second", second)
    assert first == second


def test_weights_are_kept_while_it_learns(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_SAVED_EVERY", 10)
    run = TrainingRun("broken_off", SCHEDULE)
    learned = torch.nn.Parameter(torch.zeros(1))

    def loss(step: int) -> torch.Tensor:
        if step == 25:
            raise KeyboardInterrupt
        return (learned - 1).square().sum()

    with pytest.raises(KeyboardInterrupt):
        run.train([learned], loss, lambda: {"learned": learned})
    kept = float(read_weights("broken_off", weights)["learned"])
    assert kept > 0
    assert abs(kept - float(learned.detach())) > 1e-4, "what is kept is from before the last steps"
