"""Names of pictures and the store that gives them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from sample_vision import write_photo

from visgate_agent.errors import PictureStoreError, UnknownPictureError
from visgate_agent.picture_names import PictureName, operation_of
from visgate_agent.picture_store import PictureStore
from visgate_client import VisgateError


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "session")


def grey(value: int) -> Image.Image:
    return Image.new("L", (4, 4), value)


@pytest.mark.parametrize("name", ["03fa_photo.png", "4b7d_detect-edges_9c1e_03fa.png", "0000_upscale-x4_1111_2222.png"])
def test_a_name_survives_parsing(name: str) -> None:
    assert str(PictureName.parse(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "photo.png",
        "03fa_photo.jpg",
        "03fa_detect_edges_9c1e_03fa.png",
        "03fa_../x.png",
        "03FA_photo.png",
        "03fa_photo_9c1e.png",
        "../03fa_photo.png",
        "",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="picture name"):
        PictureName.parse(name)


def test_a_chain_keeps_its_first_photo() -> None:
    photo = PictureName("03fa", "photo")
    cut = photo.made("9c1e", operation_of("remove_background"))
    edges = cut.made("4b7d", operation_of("detect_edges"))
    assert str(cut) == "9c1e_remove-background_03fa_03fa.png"
    assert str(edges) == "4b7d_detect-edges_9c1e_03fa.png"


@pytest.mark.parametrize("tool", ["../../etc/passwd", "a/b", "Ünïcode tool", "___", "x.png"])
def test_an_operation_is_always_parseable(tool: str) -> None:
    name = str(PictureName("03fa", operation_of(tool)).made("9c1e", operation_of(tool, "an output/..")))
    assert "/" not in name
    assert str(PictureName.parse(name)) == name


def test_a_photo_is_copied_upright(store: PictureStore, tmp_path: Path) -> None:
    picture = Image.new("RGB", (6, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    name = store.add_photo(tmp_path / "turned.jpg")
    assert PictureName.parse(name).operation == "photo"
    with Image.open(store.path(name)) as copy:
        assert (copy.size, copy.mode) == ((4, 6), "RGB")


def test_a_file_that_is_no_picture_is_refused(store: PictureStore, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(VisgateError):
        store.add_photo(tmp_path / "notes.png")
    assert store.names == ()


def test_results_are_named_after_their_source(store: PictureStore, tmp_path: Path) -> None:
    photo = store.add_photo(write_photo(tmp_path))
    images = {"cutout": Image.new("RGBA", (4, 4), (1, 2, 3, 0)), "mask": grey(255)}
    cutout, mask = store.add_results("remove_background", images, photo)
    original = PictureName.parse(photo).identity
    assert PictureName.parse(cutout).operation == "remove-background"
    assert PictureName.parse(mask).operation == "remove-background-mask"
    assert {PictureName.parse(name).previous for name in (cutout, mask)} == {original}
    assert store.names == (photo, cutout, mask)
    with Image.open(store.path(cutout)) as kept:
        assert kept.mode == "RGBA", "transparency stays"


def test_a_picture_made_from_nothing_has_no_past(store: PictureStore) -> None:
    (name,) = store.add_results("generate_image", {"picture": grey(0)}, None)
    assert PictureName.parse(name).previous is None
    (later,) = store.add_results("upscale_image", {"picture": grey(0)}, name)
    assert PictureName.parse(later).original == PictureName.parse(name).identity


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "03fa_photo.png", "", ".", "transcript.json"])
def test_only_names_that_were_given_out_are_found(store: PictureStore, tmp_path: Path, name: str) -> None:
    known = store.add_photo(write_photo(tmp_path))
    write_photo(tmp_path, "outside.png")
    (store.folder / "transcript.json").write_text("{}")
    if name == known:
        pytest.skip("the one name in 65,536 that is right")
    with pytest.raises(UnknownPictureError, match=known):
        store.path(name)


def test_names_are_never_given_out_twice(store: PictureStore) -> None:
    names = [store.add_results("t", {"p": grey(0)}, None)[0] for _ in range(600)]
    assert len(set(names)) == 600
    assert len(list(store.folder.iterdir())) == 600


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PictureStoreError, match="cannot write"):
        PictureStore(tmp_path / "file").add_results("t", {"p": grey(0)}, None)


def test_sessions_share_nothing(tmp_path: Path) -> None:
    first, second = PictureStore(tmp_path / "a"), PictureStore(tmp_path / "b")
    name = first.add_photo(write_photo(tmp_path))
    with pytest.raises(UnknownPictureError, match="no pictures yet"):
        second.path(name)
