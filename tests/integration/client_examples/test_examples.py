"""Every example of docs/client runs against the real server, as its first lines say that it is to be run."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import skimage.data
from PIL import Image
from starlette.testclient import TestClient

from visgate_client import VisionClient

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "client"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


@pytest.fixture
def edges(client: VisionClient) -> np.ndarray:
    """What the tool gives for the photo."""
    return client.call("detect_edges", image=skimage.data.astronaut()).arrays["edges"]


def run_example(name: str, *arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def same_picture(path: Path, expected: np.ndarray) -> bool:
    return np.array_equal(np.asarray(Image.open(path)), expected)


def test_a_thin_link(server, photo: Path, edges: np.ndarray, tmp_path: Path) -> None:
    said = run_example("thin_link.py", str(photo), server.address, folder=tmp_path)
    assert "person" in said
    assert Image.open(tmp_path / "detect_objects_picture.png").size == Image.open(photo).size
    found = np.asarray(Image.open(tmp_path / "detect_edges_edges.png"))
    assert found.shape == edges.shape
    assert set(np.unique(found)) == {0, 255}, "the photo lost a little on its way, the edges nothing"


@pytest.mark.parametrize("name", ["first_call.py", "plain_tritonclient.py"])
def test_a_first_call(name: str, server, photo: Path, edges: np.ndarray, tmp_path: Path) -> None:
    said = run_example(name, str(photo), server.address, folder=tmp_path)
    assert same_picture(tmp_path / "edges.png", edges)
    assert "edge" in said.lower()


def test_a_first_call_that_fails_says_why(unused_port: int, photo: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "first_call.py"), str(photo), f"localhost:{unused_port}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ConnectError: no server answers at localhost:")


def test_a_folder_with_a_picture_that_is_none(server, photo: Path, edges: np.ndarray, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    for number in range(5):
        shutil.copy(photo, source / f"{number}.png")
    (source / "broken.jpg").write_bytes(b"no picture")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "batch_folder.py"), str(source), str(tmp_path / "out"), server.address],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "5 of 6 pictures written" in done.stdout
    assert "broken.jpg" in done.stderr
    written = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in written] == [f"{number}.png" for number in range(5)]
    assert all(same_picture(path, edges) for path in written)


def test_a_drawing_is_watched(server, tmp_path: Path) -> None:
    said = run_example("streaming.py", "a cat", server.address, folder=tmp_path)
    assert re.findall(r"step (\d+) of 8", said)[-1] == "8"
    drawing = Image.open(tmp_path / "drawing.png")
    previews = sorted(tmp_path.glob("preview_*.png"))
    assert previews
    assert Image.open(previews[0]).width <= drawing.width


def load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def service(server, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("VISGATE_SERVER", server.address)
    with TestClient(load(EXAMPLES / "fastapi_service.py").app) as client:
        yield client


def test_a_service(service: TestClient, photo: Path, edges: np.ndarray) -> None:
    answer = service.post("/edges", content=photo.read_bytes())
    assert answer.status_code == 200
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), edges)
    assert float(answer.headers["x-compute-ms"]) >= 0
    assert service.get("/ready").status_code == 200
    refused = service.post("/edges", content=b"no picture")
    assert refused.status_code == 422
    assert "arguments.image" in refused.json()["error"]


async def test_the_notebooks_cells_run_from_top_to_bottom(server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Jupyter runs them: in one namespace, with `await` allowed, the last expression of a cell is its value."""
    monkeypatch.setenv("VISGATE_SERVER", server.address)
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text())
    namespace: dict[str, object] = {}
    said = io.StringIO()
    with redirect_stdout(said):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                assert not cell["outputs"], "the notebook is kept without outputs"
                code = compile("".join(cell["source"]), cell["id"], "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                value = eval(code, namespace)  # which is a coroutine where the cell awaits
                if inspect.iscoroutine(value):
                    await value
    assert "UnknownToolError" in said.getvalue()
    assert "did you mean detect_edges" in said.getvalue()
    assert "ArgumentError - arguments.picture" in said.getvalue()


@pytest.fixture
def node_packages(tmp_path: Path) -> Path:
    """The Node example in a folder of its own, with its packages."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no Node here")
    folder = tmp_path / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        installed = subprocess.run(command, cwd=folder, capture_output=True, timeout=90, env=dict(os.environ))
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer")
    if installed.returncode != 0:
        pytest.skip("npm cannot install the packages here")
    return folder


def test_another_language(server, client: VisionClient, node_packages: Path) -> None:
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, "first_call.js", server.address], cwd=node_packages, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    square = np.zeros((64, 64, 3), np.uint8)
    square[16:48, 16:48] = 255
    expected = client.call("detect_edges", image=square)
    assert said["picture"]["bright"] == int((expected.arrays["edges"] > 127).sum()) > 0
    assert said["text"] == expected.text
    assert said["data"] == expected.data
