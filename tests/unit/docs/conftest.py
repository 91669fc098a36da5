"""The program beside the documents that reads what is known of a tool."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[3] / "docs" / "tool_evidence.py"


@pytest.fixture(scope="session")
def evidence() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tool_evidence", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
