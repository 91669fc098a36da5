"""Says where a network comes from that is exported by the same code whoever trained it; loads none itself."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from visgate_export.recipe import Materials
from visgate_export.sources import Member

LoadedT = TypeVar("LoadedT", covariant=True)


@dataclass(frozen=True)
class NetworkOrigin(Generic[LoadedT]):
    """One network of a kind.

    Attributes:
        name: what its recipe is called, or what the names of its recipes begin with.
        title: the network, for people.
        licence: SPDX identifier of the weights.
        members: what `load` reads; it is given the path of the first.
        load: the network with what belongs to it.
    """

    name: str
    title: str
    licence: str
    members: tuple[Member, ...]
    load: Callable[[Path], LoadedT]

    def loaded(self, materials: Materials) -> LoadedT:
        """The network, loaded anew for every build and check."""
        return self.load(materials.path(self.members[0]))
