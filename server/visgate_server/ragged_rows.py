"""Lets rows of different sizes share a run: each value travels as one cell of an object array.

`visgate_server.batching` stacks only tensors of equal shape. A model whose own networks do not care how large the
given picture was (because it cuts pieces of one size out of it) boxes its rows, and gets them all in one `run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def boxed(value: object) -> NDArray[np.object_]:
    """One row's value as a tensor without axes, which stacks with any other."""
    cell = np.empty((), np.object_)
    cell[()] = value
    return cell


def boxed_rows(values: Sequence[object]) -> NDArray[np.object_]:
    """A value a row as an output tensor, object [rows]; `postprocess` gets each row's value itself."""
    cells = np.empty(len(values), np.object_)
    for row, value in enumerate(values):
        cells[row] = value
    return cells


def unboxed(cell: Any) -> Any:
    """A row's value as `run` or `postprocess` gets it; the type is what was boxed."""
    return cell
