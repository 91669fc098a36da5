"""The LLM agent that answers about pictures with the tools of a visgate server."""
