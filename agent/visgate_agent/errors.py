"""Every error that the agent raises, as one branch of the client's error tree.

visgate_client.VisgateError
└── AgentError
    ├── PictureStoreError          a picture file cannot be read or written
    │   └── UnknownPictureError    no picture of that name is in the session
    ├── ToolCallError              a tool call that cannot be sent as it is written
    ├── ChatModelError             the chat model gave no usable answer
    │   ├── ChatModelRefusedError  the endpoint refused the request (key, model name, content)
    │   └── StreamBrokenError      the completion's stream broke off or made no sense
    ├── TooManyRoundsError         the chat model went on calling tools and never answered
    ├── TranscriptError            a session's transcript cannot be read or written
    ├── CommandError               a command line that asks for something impossible
    └── DemoError                  the demo did not do all that it should
"""

from __future__ import annotations

from visgate_client import VisgateError


class AgentError(VisgateError):
    """The agent cannot do what was asked; the message says why and what to do."""


class PictureStoreError(AgentError):
    """A picture file cannot be read or written."""


class UnknownPictureError(PictureStoreError):
    """A name was used that belongs to no picture of the session."""


class ToolCallError(AgentError):
    """A tool call cannot be sent as it is written: no such tool, or arguments that are not JSON."""


class ChatModelError(AgentError):
    """The chat model gave no usable answer."""


class ChatModelRefusedError(ChatModelError):
    """The endpoint refused the request; asking again changes nothing."""


class StreamBrokenError(ChatModelError):
    """The stream of a completion broke off or made no sense; asking again may help."""


class TooManyRoundsError(AgentError):
    """The chat model called tools for more rounds than allowed and never answered."""


class TranscriptError(AgentError):
    """A session's transcript cannot be read or written."""


class CommandError(AgentError):
    """A command line asks for something impossible."""


class DemoError(AgentError):
    """The demo did not do all that it should."""
