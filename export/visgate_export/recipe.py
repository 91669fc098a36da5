"""Declares how one network is made: its weights' origin, its build and its check; runs none of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.errors import ParityError
from visgate_export.sources import Member, Source

if TYPE_CHECKING:  # onnx is only imported where a network is really built
    import onnx


@dataclass(frozen=True)
class Materials:
    """The fetched and extracted files of one recipe."""

    files: Mapping[Member, Path]

    def path(self, member: Member) -> Path:
        """Where `member` lies on disk.

        Raises:
            KeyError: the recipe did not list `member` among its `members`.
        """
        return self.files[member]


@dataclass(frozen=True)
class OutputParity:
    """How far one output of the built network is from the reference, over all batch sizes tried."""

    output: str
    max_abs_difference: float
    """In the output's own unit."""
    tolerance: float
    """Largest difference that passes, in the output's own unit."""

    @property
    def passed(self) -> bool:
        """Whether the difference is a number and within the tolerance."""
        return self.max_abs_difference <= self.tolerance  # False for NaN, as it must be


@dataclass(frozen=True)
class ParityReport:
    """A built network compared with an independent evaluation of the same weights."""

    reference: str
    """What it was compared with, for example `PyTorch 2.13, efficientnet_lite_pytorch`."""
    batch_sizes: tuple[int, ...]
    outputs: tuple[OutputParity, ...]

    @property
    def passed(self) -> bool:
        """Whether every output is within its tolerance."""
        return bool(self.outputs) and all(output.passed for output in self.outputs)

    def require(self) -> None:
        """Does nothing when the comparison passed.

        Raises:
            ParityError: naming every output that is out of tolerance.
        """
        if self.passed:
            return
        failed = ", ".join(
            f"{output.output} differs by {output.max_abs_difference:.3g} (allowed {output.tolerance:.3g})"
            for output in self.outputs
            if not output.passed
        )
        raise ParityError(
            f"the network is not equal to its reference ({self.reference}): "
            f"{failed or 'nothing was compared'}. Look at the recipe's build step, or at a library that changed."
        )


@dataclass(frozen=True)
class ExtraFile:
    """A small file that lies beside the network, such as labels or a tokenizer."""

    file_name: str
    build: Callable[[Materials], bytes]


@dataclass(frozen=True)
class NetworkRecipe:
    """How one network of the model repository is made.

    A recipe module is imported at every start, so `build` and `check` import heavy libraries (torch, onnx)
    inside themselves.
    """

    name: str
    """Short name a person types, for example `mlsd`."""
    model: str
    """Triton model folder, for example `detect_lines`."""
    file_name: str
    """Name inside the model's version folder, for example `mlsd.onnx`."""
    title: str
    """One line for people, for example `M-LSD large, 512 pixels`."""
    licence: str
    """SPDX identifier that the package states for the weights."""
    members: tuple[Member, ...]
    """Every archive file that `build`, `check` and `extra_files` read."""
    build: Callable[[Materials], "onnx.ModelProto"]
    check: Callable[[Path, Materials], ParityReport]
    """Compares the ONNX file at the path with the reference, at two batch sizes or more."""
    extra_files: tuple[ExtraFile, ...] = ()
    keep_metadata: frozenset[str] = field(default=frozenset())
    """ONNX metadata keys that the server reads; all others are stripped so that builds are reproducible."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """The archives to fetch, each once, in the order of `members`."""
        return tuple(dict.fromkeys(member.source for member in self.members))

    @property
    def installed_files(self) -> tuple[str, ...]:
        """Paths below the model repository, with `/`, network first."""
        names = (self.file_name, *(extra.file_name for extra in self.extra_files))
        return tuple(f"{self.model}/1/{name}" for name in names)
