"""Sums up what Triton counted about a model; asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelStatistics:
    """What a server counted about one model, all versions together, since it loaded it.

    Attributes:
        model: the model's name.
        inference_count: rows that were computed (a request of several rows counts as several).
        execution_count: batches that were computed.
        success_count: requests that were answered, out of the cache too.
        failure_count: requests that failed.
        cache_hit_count: requests that the response cache answered.
        mean_batch: rows in a batch, on average; 0 before the first.
        mean_queue_ms: what a request waited, on average.
        mean_compute_ms: what the execution of a request's batch took, on average.
    """

    model: str
    inference_count: int
    execution_count: int
    success_count: int
    failure_count: int
    cache_hit_count: int
    mean_batch: float
    mean_queue_ms: float
    mean_compute_ms: float


def read_statistics(model: str, response: Any) -> ModelStatistics:
    """Reads a ModelStatisticsResponse."""
    versions = [entry for entry in response.model_stats if entry.name == model]
    totals = [entry.inference_stats for entry in versions]
    inferences = sum(entry.inference_count for entry in versions)
    executions = sum(entry.execution_count for entry in versions)
    return ModelStatistics(
        model=model,
        inference_count=inferences,
        execution_count=executions,
        success_count=sum(total.success.count for total in totals),
        failure_count=sum(total.fail.count for total in totals),
        cache_hit_count=sum(total.cache_hit.count for total in totals),
        mean_batch=inferences / executions if executions else 0.0,
        mean_queue_ms=_mean_ms([total.queue for total in totals]),
        mean_compute_ms=_mean_ms([total.compute_infer for total in totals]),
    )


def _mean_ms(durations: list[Any]) -> float:
    count = sum(duration.count for duration in durations)
    return sum(duration.ns for duration in durations) / count / 1e6 if count else 0.0
