"""What the served tools see in photographs whose content is known."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from visgate_client import VisionClient


def labels(client: VisionClient, photo: np.ndarray) -> dict[str, list[float]]:
    """The best box of every label found."""
    found = client.call("detect_objects", image=photo).data["objects"]
    return {entry["label"]: entry["box"] for entry in reversed(found)}


def contains(box: list[float], x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def test_the_cat_is_a_cat(client: VisionClient) -> None:
    found = labels(client, skimage.data.chelsea())
    assert set(found) == {"cat"}
    assert contains(found["cat"], 230, 130)
    assert "cat" in client.call("classify_image", image=skimage.data.chelsea()).text
    assert "cat" in client.call("describe_image", image=skimage.data.chelsea()).text


def test_the_cup_is_a_cup(client: VisionClient) -> None:
    found = labels(client, skimage.data.coffee())
    assert contains(found["cup"], 300, 200)
    assert "espresso" in client.call("classify_image", image=skimage.data.coffee()).text.lower()


def test_the_astronaut_is_a_person_with_a_face_and_a_pose(client: VisionClient) -> None:
    photo = skimage.data.astronaut()
    assert contains(labels(client, photo)["person"], 220, 300)
    (face,) = client.call("detect_faces", image=photo).data["faces"]
    assert contains(face["box"], 225, 115)
    assert face["box"][2] - face["box"][0] < 200
    keypoints = {entry["name"]: entry for entry in client.call("detect_pose", image=photo).data["keypoints"]}
    assert contains(face["box"], keypoints["nose"]["x"], keypoints["nose"]["y"])
    assert keypoints["left_shoulder"]["x"] > keypoints["right_shoulder"]["x"], "she faces the camera"
    description = client.call("describe_image", image=photo)
    assert "person" in description.text
    assert "face" in description.text


def test_the_person_is_cut_out_of_the_background(client: VisionClient) -> None:
    photo = skimage.data.astronaut()
    cut_out = np.asarray(client.call("remove_background", image=photo).image)
    assert cut_out.shape == (512, 512, 4)
    alpha = cut_out[:, :, 3].astype(float) / 255
    assert alpha[80:150, 190:260].mean() > 0.95, "the face stays"
    assert alpha[:60, :60].mean() < 0.1, "the corner goes"
    mask = np.asarray(client.call("segment_person", image=photo).images["mask"])
    assert np.mean((mask > 127) == (alpha > 0.5)) > 0.97


def test_the_page_is_read(client: VisionClient) -> None:
    read = client.call("read_text", image=skimage.data.page()).text.lower()
    for word in ("region-based segmentation", "markers", "histogram of grey values", "zeros_like(coins)"):
        assert word in read


def test_nothing_is_found_where_nothing_is(client: VisionClient) -> None:
    grey = np.full((300, 400, 3), 127, np.uint8)
    assert client.call("detect_objects", image=grey).data["objects"] == []
    assert client.call("detect_faces", image=grey).data["faces"] == []
    assert client.call("read_text", image=grey).data["lines"] == []


@pytest.mark.parametrize("tool", ["detect_edges", "detect_soft_edges", "detect_sketch", "detect_lines"])
def test_line_pictures_have_the_photos_size_and_both_colours(client: VisionClient, tool: str) -> None:
    picture = np.asarray(client.call(tool, image=skimage.data.astronaut()).image.convert("L"))
    assert picture.shape == (512, 512)
    assert picture.min() < 30
    assert picture.max() > 200
    assert 0.005 < np.mean(picture > 127) < 0.4


def test_an_enlarged_photo_shrinks_back_to_the_photo(client: VisionClient) -> None:
    photo = skimage.data.chelsea()[60:180, 140:300]
    enlarged = client.call("upscale_image", image=photo).image
    assert enlarged.size == (640, 480)
    back = np.asarray(enlarged.resize((160, 120))).astype(float)
    assert np.abs(back - photo).mean() < 8


def test_a_result_is_the_next_tools_input(client: VisionClient) -> None:
    cut_out = client.call("remove_background", image=skimage.data.astronaut()).image
    edges = np.asarray(client.call("detect_edges", image=cut_out).image)
    assert edges[80:400, 100:350].any()
    assert not edges[:50, :50].any(), "the background is gone, and its edges with it"
