"""What every training run of the pocket models shares: seeds, progress, learning rate, saving; knows no network."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file

WEIGHTS = Path(__file__).with_name("weights")
METRICS = WEIGHTS / "metrics.json"
_TOLD_EVERY = 100  # steps


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network learns."""

    steps: int
    batch: int
    learning_rate: float
    """The highest, after the warm-up; it then falls linearly to nothing."""
    warm_up: int = 200
    seed: int = 0

    def factor(self, step: int) -> float:
        """The share of `learning_rate` that holds at a step counted from 0, from 0 to 1."""
        return min((step + 1) / self.warm_up, max(0.0, 1 - step / self.steps))


def train(
    parameters: list[torch.nn.Parameter], schedule: Schedule, loss_of_step: Callable[[int], torch.Tensor], title: str
) -> float:
    """Takes `schedule.steps` steps of AdamW, showing the loss as it goes, and returns its moving average at the end.

    Args:
        parameters: what is learned.
        schedule: for how long and how fast.
        loss_of_step: computes the loss of the step with the given number.
        title: what the progress bar says.
    """
    optimizer = torch.optim.AdamW(parameters, lr=schedule.learning_rate, weight_decay=0.01, betas=(0.9, 0.99))
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule.factor)
    average = 0.0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        for step in progress.track(range(schedule.steps), description=title):
            loss = loss_of_step(step)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            rate.step()
            average = float(loss.detach()) if step == 0 else 0.98 * average + 0.02 * float(loss.detach())
            if step % _TOLD_EVERY == 0:
                progress.console.print(f"{title}: step {step} of {schedule.steps}, loss {average:.4f}")
    return average


def save_weights(name: str, state: Mapping[str, torch.Tensor]) -> None:
    """Writes a network's weights as fp16 safetensors, in the order of their names."""
    WEIGHTS.mkdir(exist_ok=True)
    halves = {key: state[key].detach().to(torch.float16).contiguous().clone() for key in sorted(state)}
    save_file(halves, WEIGHTS / f"{name}.safetensors")


def read_weights(name: str, folder: Path = WEIGHTS) -> dict[str, torch.Tensor]:
    """A network's weights as fp32.

    Raises:
        FileNotFoundError: the network has not been trained.
    """
    return {key: value.to(torch.float32) for key, value in load_file(folder / f"{name}.safetensors").items()}


def record_metrics(name: str, metrics: Mapping[str, float | int | str]) -> None:
    """Keeps what was measured about a network in `metrics.json`, beside what is known of the others."""
    known = json.loads(METRICS.read_text()) if METRICS.is_file() else {}
    METRICS.write_text(json.dumps({**known, name: dict(metrics)}, indent=2, sort_keys=True) + "\n")
