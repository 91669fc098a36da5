"""Compares a built network with its independent reference at several batch sizes; knows none by name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_export.recipe import OutputParity, ParityReport

Array = NDArray[Any]
Inputs = Mapping[str, Array]
"""By name, batch axis first."""
Outputs = Mapping[str, Array]
"""By name, batch axis first."""
Evaluate = Callable[[Inputs], Outputs]

BATCH_SIZES = (1, 3)
PACKAGES_OWN_FILE = "the package's own ONNX file, row by row"
"""The reference of networks that come as ONNX and are only changed in how they take and give."""


def compare(
    network: Path,
    reference: Evaluate,
    reference_name: str,
    batches: Sequence[Inputs],
    tolerances: Mapping[str, float],
) -> ParityReport:
    """Runs the ONNX file and the reference on the same inputs.

    Args:
        network: the built ONNX file, run as it is in ONNX Runtime on the CPU.
        reference: evaluates the same weights by another way, given the same inputs as the network.
        reference_name: what that way is, for the report.
        batches: inputs by name; the batch sizes should differ (two at least).
        tolerances: largest absolute difference that passes, for each output of the network.

    Raises:
        ValueError: fewer than two batch sizes, or outputs that the tolerances do not name.
    """
    session = open_session(network)
    names = [output.name for output in session.get_outputs()]
    sizes = tuple(len(next(iter(batch.values()))) for batch in batches)
    if len(set(sizes)) < 2:
        raise ValueError(f"a network is compared at two batch sizes or more, not at {sizes}")
    if set(names) != set(tolerances):
        raise ValueError(f"tolerances are for {sorted(tolerances)}, the network's outputs are {sorted(names)}")
    differences: dict[str, list[float]] = {name: [] for name in names}
    for batch in batches:
        built = dict(zip(names, session.run(names, dict(batch)), strict=True))
        expected = reference(batch)
        for name in names:
            differences[name].append(_max_abs_difference(built[name], expected[name]))
    # NumPy's maximum, unlike Python's, does not lose a NaN.
    outputs = tuple(OutputParity(name, float(np.max(differences[name])), tolerances[name]) for name in names)
    return ParityReport(reference_name, sizes, outputs)


def row_by_row(evaluate_one: Evaluate) -> Evaluate:
    """A reference for batches out of one that takes a single row: what dynamic batching must not change."""

    def evaluate(inputs: Inputs) -> Outputs:
        count = len(next(iter(inputs.values())))
        rows = [
            evaluate_one({name: value[index : index + 1] for name, value in inputs.items()}) for index in range(count)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    return evaluate


def pytorch_doing(what: str) -> str:
    """The name of a reference that PyTorch computes: its version and what it computes."""
    import torch

    return f"PyTorch {torch.__version__.partition('+')[0]}, {what}"


def open_session(network: Path | bytes) -> Any:
    """An ONNX Runtime session on the CPU, quiet but for errors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    source = network if isinstance(network, bytes) else str(network)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _max_abs_difference(built: Array, expected: Array) -> float:
    if built.shape != expected.shape:
        return float("inf")  # wrong shapes are the largest difference there is
    if not built.size or np.isnan(built).any() or np.isnan(expected).any():
        return float("inf")  # NaN is equal to nothing, and would be lost in a maximum
    built, expected = built.astype(np.float64), expected.astype(np.float64)
    # Equal infinities (masked logits) differ by nothing, but their subtraction would give NaN.
    return float(np.abs(np.subtract(built, expected, out=np.zeros_like(built), where=built != expected)).max())
