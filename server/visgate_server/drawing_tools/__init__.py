"""Declares the tools that draw, and what they say of the drawing networks' world; draws nothing.

An LLM that asks the pocket networks, which the repository ships, for anything but their world gets a blur: so in their
profile the descriptions say what they know. One module a kind of tool; what they share is in `shared_arguments` and
`known_world`.
"""

from __future__ import annotations

from visgate_server.drawing_tools.changing_pictures import EDIT_IMAGE, INPAINT_IMAGE, REDRAW_IMAGE
from visgate_server.drawing_tools.from_control_pictures import CONTROL_TOOLS
from visgate_server.drawing_tools.from_text import GENERATE_IMAGE
from visgate_server.drawing_tools.known_world import KNOWN_COLOURS, KNOWN_OBJECTS
from visgate_server.drawing_tools.shared_arguments import SCHEDULERS
from visgate_server.tool_spec import Argument, ArgumentKind

__all__ = ["DRAWING_TOOLS", "KNOWN_COLOURS", "KNOWN_OBJECTS", "OPERATION", "SCHEDULERS"]

DRAWING_TOOLS = (GENERATE_IMAGE, *CONTROL_TOOLS, REDRAW_IMAGE, EDIT_IMAGE, INPAINT_IMAGE)

OPERATION = Argument(
    "operation",
    ArgumentKind.TEXT,
    "Which tool asked.",
    default="text",
    choices=tuple(str(tool.constants["operation"]) for tool in DRAWING_TOOLS),
)
"""The input of model `diffusion` that its tools bind: what to do with the pictures."""
