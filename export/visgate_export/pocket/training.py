"""What every training run of the pocket models shares: seed, learning rate, progress, saving; knows no network."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from visgate_export.pocket.weight_files import save_metrics, save_weights

_TOLD_EVERY = 100  # steps
_SAVED_EVERY = 500  # steps


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network learns."""

    steps: int
    batch: int
    learning_rate: float
    """What the rate would be if it neither rose at first nor fell to the end."""
    warm_up: int = 200
    """Steps for which it rises at most."""
    seed: int = 0

    def rate_share(self, step: int) -> float:
        """The share, 0–1, of `learning_rate` that holds at a step counted from 0.

        It rises to 1 in `warm_up` steps and falls from 1 to 0 in all `steps`; the lower of the two holds.
        """
        return min((step + 1) / self.warm_up, max(0.0, 1 - step / self.steps))


class TrainingRun:
    """One network's training, from its seed to the metrics: `train` once, then `record` once."""

    def __init__(self, name: str, schedule: Schedule) -> None:
        """Seeds torch, and measures the time from now on.

        Args:
            name: of the network's weights and metrics, for example `depth_estimation`.
            schedule: for how long and how fast it learns.
        """
        torch.manual_seed(schedule.seed)
        self._name, self._schedule = name, schedule
        self._began = time.monotonic()
        self._loss = 0.0

    def train(
        self,
        parameters: list[torch.nn.Parameter],
        loss_of_step: Callable[[int], torch.Tensor],
        weights: Callable[[], Mapping[str, torch.Tensor]],
    ) -> None:
        """Takes the schedule's steps of AdamW, showing the loss, and saves the weights now and then and at the end.

        Args:
            parameters: what is learned.
            loss_of_step: computes the loss of the step with the given number, from 0.
            weights: what is to be saved, as it is when called.
        """
        schedule = self._schedule
        optimizer = torch.optim.AdamW(parameters, lr=schedule.learning_rate, weight_decay=0.01, betas=(0.9, 0.99))
        rate = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule.rate_share)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            for step in progress.track(range(schedule.steps), description=self._name):
                loss = loss_of_step(step)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                rate.step()
                seen = float(loss.detach())
                self._loss = seen if step == 0 else 0.98 * self._loss + 0.02 * seen
                if step % _TOLD_EVERY == 0:
                    progress.console.print(f"{self._name}: step {step} of {schedule.steps}, loss {self._loss:.4f}")
                if (step + 1) % _SAVED_EVERY == 0:
                    save_weights(self._name, weights())
        save_weights(self._name, weights())

    def record(self, measured: Mapping[str, float | int] | None = None) -> None:
        """Writes down the loss's moving average, steps, minutes since the run began, and what else was measured."""
        save_metrics(
            self._name,
            {
                **(measured or {}),
                "final_loss": round(self._loss, 5),
                "steps": self._schedule.steps,
                "minutes": round((time.monotonic() - self._began) / 60, 1),
            },
        )
