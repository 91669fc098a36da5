"""Makes the recipes of networks that look at one picture, alike whoever trained them; knows no architecture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from visgate_export.network_origin import NetworkOrigin
from visgate_export.recipe import ExtraFile, NetworkRecipe, ParityReport

if TYPE_CHECKING:
    import onnx

LoadedT = TypeVar("LoadedT")


@dataclass(frozen=True)
class PictureNetworkKind(Generic[LoadedT]):
    """What all networks of a Triton model have in common.

    Attributes:
        model: the Triton model's folder.
        file_name: of the network in it, for example `depth.onnx`.
        build: makes the graph of a loaded network.
        check: compares the built file with the loaded network.
        facts_file: name of the file that tells the server what differs between networks.
        facts: that file's text.
    """

    model: str
    file_name: str
    build: "Callable[[LoadedT], onnx.ModelProto]"
    check: Callable[[Path, LoadedT], ParityReport]
    facts_file: str
    facts: Callable[[LoadedT], str]

    def recipe(self, origin: NetworkOrigin[LoadedT]) -> NetworkRecipe:
        """How the network of that origin is made."""
        return NetworkRecipe(
            name=origin.name,
            model=self.model,
            file_name=self.file_name,
            title=origin.title,
            licence=origin.licence,
            members=origin.members,
            build=lambda materials: self.build(origin.loaded(materials)),
            check=lambda network, materials: self.check(network, origin.loaded(materials)),
            extra_files=(ExtraFile(self.facts_file, lambda materials: self.facts(origin.loaded(materials)).encode()),),
        )
