"""Compares the four graphs of a denoising step with the same arithmetic in NumPy, a request or a row at a time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from visgate_export.parity import Array, Inputs, Outputs, compare
from visgate_export.recipe import ParityReport
from visgate_server.diffusion.guidance import MOST_ROWS_A_REQUEST
from visgate_server.diffusion.schedulers.step_table import COLUMNS

_CELLS = (4, 8, 16)
_TOLERANCE = 1e-5


def check_step_graph(name: str, network: Path) -> ParityReport:
    """The built graph against NumPy in float64, for one request and for three.

    Args:
        name: a key of `step_graphs.STEP_GRAPHS`.
        network: the built ONNX file.
    """
    random = np.random.default_rng(7)
    inputs, reference, outputs = _CASES[name]
    batches = [inputs(random, requests) for requests in (1, 3)]
    return compare(
        network, reference, "the same arithmetic in NumPy, float64", batches, dict.fromkeys(outputs, _TOLERANCE)
    )


def _normal(random: np.random.Generator, *shape: int) -> Array:
    return random.standard_normal(shape, dtype=np.float32)


def _model_input_case(random: np.random.Generator, requests: int) -> Inputs:
    return {
        "latents": _normal(random, requests, *_CELLS),
        "steps": _normal(random, requests, len(COLUMNS)),
        "owners": random.permutation(np.arange(requests).repeat(2)),
    }


def _model_input(inputs: Inputs) -> Outputs:
    scale = inputs["steps"][:, COLUMNS.index("input_scale")].astype(np.float64)
    return {"sample": np.stack([scale[owner] * inputs["latents"][owner] for owner in inputs["owners"]])}


def _join_channels_case(random: np.random.Generator, requests: int) -> Inputs:
    return {"sample": _normal(random, requests, *_CELLS), "channels": _normal(random, requests, 5, *_CELLS[1:])}


def _join_channels(inputs: Inputs) -> Outputs:
    return {"joined": np.concatenate([inputs["sample"], inputs["channels"]], axis=1)}


def _scatter_rows_case(random: np.random.Generator, requests: int) -> Inputs:
    rows = 2 * requests + 1
    chosen = random.permutation(rows)[:requests, None]
    return {
        "target": _normal(random, rows, *_CELLS),
        "rows": chosen,
        "values": _normal(random, requests, *_CELLS),
        "scales": _normal(random, requests, 1, 1, 1),
    }


def _scatter_rows(inputs: Inputs) -> Outputs:
    target = inputs["target"].astype(np.float64)
    for (row,), values, scale in zip(inputs["rows"], inputs["values"], inputs["scales"], strict=True):
        target[row] = scale * values
    return {"scattered": target}


def _advance_case(random: np.random.Generator, requests: int) -> Inputs:
    rows = MOST_ROWS_A_REQUEST * requests
    return {
        **{name: _normal(random, requests, *_CELLS) for name in ("latents", "previous_x0", "fresh_noise")},
        "steps": _normal(random, requests, len(COLUMNS)),
        "predicted": _normal(random, rows, *_CELLS),
        "rows": random.permutation(rows).reshape(requests, MOST_ROWS_A_REQUEST),
        "weights": _normal(random, requests, MOST_ROWS_A_REQUEST),
    }


def _advance(inputs: Inputs) -> Outputs:
    following, clean = [], []
    for request, numbers in enumerate(inputs["steps"].astype(np.float64)):
        step = dict(zip(COLUMNS, numbers, strict=True))
        latents, previous, fresh = (
            inputs[name][request].astype(np.float64) for name in ("latents", "previous_x0", "fresh_noise")
        )
        weights = inputs["weights"][request].astype(np.float64)[:, None, None, None]
        noise = (weights * inputs["predicted"][inputs["rows"][request]]).sum(axis=0)
        x0 = step["x0_from_latents"] * latents + step["x0_from_noise"] * noise
        clean.append(x0)
        following.append(
            step["next_from_latents"] * latents
            + step["next_from_x0"] * x0
            + step["next_from_previous_x0"] * previous
            + step["next_from_fresh_noise"] * fresh
        )
    return {"next_latents": np.stack(following), "x0": np.stack(clean)}


_Case = tuple[Callable[[np.random.Generator, int], Inputs], Callable[[Inputs], Outputs], tuple[str, ...]]
_CASES: Mapping[str, _Case] = MappingProxyType(
    {
        "model_input": (_model_input_case, _model_input, ("sample",)),
        "join_channels": (_join_channels_case, _join_channels, ("joined",)),
        "scatter_rows": (_scatter_rows_case, _scatter_rows, ("scattered",)),
        "advance": (_advance_case, _advance, ("next_latents", "x0")),
    }
)
