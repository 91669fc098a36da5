"""Opens the finder whose networks lie in the model's folder; which one that is, the profile beside them says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from visgate_server.object_finding.finder import Finder
from visgate_server.object_finding.finder_profile import FinderKind, read_kind
from visgate_server.object_finding.grounded_finder import GroundedFinder
from visgate_server.object_finding.word_finder import WordFinder
from visgate_server.tool_model import ModelCaller

_OPENERS: Mapping[FinderKind, Callable[[Path, ModelCaller], Finder]] = {
    FinderKind.CLIPSEG: WordFinder,
    FinderKind.GROUNDED: lambda folder, _: GroundedFinder(folder),
}


def open_finder(folder: Path, call_models: ModelCaller) -> Finder:
    """The finder of a model's version folder.

    Raises:
        NetworkError: the profile, a network or a file beside them is missing or cannot be read.
    """
    return _OPENERS[read_kind(folder)](folder, call_models)
