"""Says which pocket ControlNets there are and what each of them began as; trains and loads none."""

from collections.abc import Mapping
from types import MappingProxyType

CONTROL_STARTS: Mapping[str, str | None] = MappingProxyType(
    {
        "edges": None,
        "depth": None,
        "lines": "edges",
        "soft_edges": "edges",
        "sketch": "edges",
        "pose": "depth",
        "segmentation": "depth",
        "normals": "depth",
    }
)
"""By kind of control picture, in the order of training: the kind whose trained ControlNet this one began as.

None where it began as the UNet's copy. A kind is kept as its difference from what it began as.
"""


def lineage(kind: str) -> tuple[str, ...]:
    """The kind and all that it builds on, the kind itself first.

    Raises:
        KeyError: there is no such kind.
    """
    start = CONTROL_STARTS[kind]
    return (kind,) if start is None else (kind, *lineage(start))
