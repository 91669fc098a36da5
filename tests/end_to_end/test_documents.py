"""The documents say what is: generated parts are current, commands exist, snippets run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from visgate_server.embedded import RunningServer

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.md"))


def blocks(language: str) -> list[tuple[str, str]]:
    """Every fenced block of a language, with the page it stands on."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(page.name, block) for page in PAGES for block in fence.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture
def desk(tmp_path: Path, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the photos that the documents name, and the server's address in the environment."""
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "photo.jpg", quality=95)
    Image.fromarray(skimage.data.page()).save(tmp_path / "page.png")
    monkeypatch.setenv("VISGATE_SERVER", server.address)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_generated_documents_are_current() -> None:
    check = subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


def test_every_make_task_named_exists() -> None:
    named = {task for page in PAGES for task in re.findall(r"`?make ([a-z]+)\b`", page.read_text(encoding="utf-8"))}
    tasks = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named
    assert named <= tasks


def test_every_link_between_documents_leads_somewhere() -> None:
    links = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    assert links
    missing = [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_a_python_snippet_runs(page: str, code: str, desk: Path, server: RunningServer) -> None:
    code = code.replace("localhost:8001", server.address)
    run = subprocess.run([sys.executable, "-c", code], cwd=desk, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout, "a snippet shows something"


@pytest.mark.parametrize(("page", "commands"), blocks("console"))
def test_a_command_runs(page: str, commands: str, desk: Path) -> None:
    typed = [line.removeprefix("$ ") for line in commands.splitlines() if line.startswith("$ visgate ")]
    for command in typed:
        run = subprocess.run(shlex.split(command), cwd=desk, capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, f"{command}: {run.stderr}"
        assert run.stdout
