"""The shared memory that one request may use; asks nobody for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy.typing as npt

from visgate_client._region_pool import RegionPool
from visgate_client._shared_memory import Region


class Placement(NamedTuple):
    """Where an input of a request lies.

    Attributes:
        region: the region.
        offset: bytes from its beginning.
        is_filled: it lies there already, because it is an earlier result; otherwise it is to be copied there.
    """

    region: Region
    offset: int = 0
    is_filled: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The regions that one request may use.

    Attributes:
        pool: whose they are.
        inputs: by tensor.
        outputs: by tensor.
    """

    pool: RegionPool = field(default_factory=RegionPool)
    inputs: dict[str, Placement] = field(default_factory=dict)
    outputs: dict[str, Region] = field(default_factory=dict)

    @property
    def regions(self) -> list[Region]:
        """All that are this request's alone."""
        own = [placement.region for placement in self.inputs.values() if not placement.is_filled]
        return [*own, *self.outputs.values()]

    @property
    def borrowed(self) -> list[Region]:
        """Those that are earlier results too."""
        return [placement.region for placement in self.inputs.values() if placement.is_filled]

    def read(self, output: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Returns what the server has put into an output's region, not copied where that can be had."""
        region = self.outputs[output]
        shown = region.show(dtype, shape)
        if not self.pool.lend(region):
            return shown.copy()
        # From here on the region is the result's, and comes back to the pool with its end.
        del self.outputs[output]
        return shown
