"""Lists the served models; knows nothing about what they do."""

from __future__ import annotations

from typing import Any

from visgate_server.models.detect_edges import DetectEdges
from visgate_server.tool_model import ToolModel

MODELS: tuple[type[ToolModel[Any]], ...] = (DetectEdges,)
"""Every model that `model_repository/` holds a folder for, in the order in which documents list them."""
