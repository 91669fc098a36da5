"""Fetches folders of model repositories with the hub's own client; checks nothing about what they hold."""

from pathlib import Path

from visgate_export.errors import DownloadError
from visgate_export.sources import HubSource

_KINDS = ("*.json", "*.txt", "*.safetensors")
"""No pickles: loading one runs whatever code its author put in."""
_VARIANTS = ("*.fp16.*", "*.non_ema.*", "*non_ema*", "*.bf16.*")
"""The same weights again, in other precisions; the export rounds by itself."""


def fetch_from_hub(source: HubSource, path: str) -> Path:
    """The folder at `path` of a repository (`.` for its top), fetched unless the client's cache holds it.

    Raises:
        DownloadError: the hub was not reached, or does not have the repository.
    """
    from huggingface_hub import snapshot_download

    prefix = "" if path == "." else f"{path}/"
    try:
        snapshot = snapshot_download(
            source.repository,
            allow_patterns=[prefix + kind for kind in _KINDS],
            ignore_patterns=list(_VARIANTS),
        )
    except Exception as error:  # the client's, its HTTP library's and the system's errors have no common base but this
        raise DownloadError(
            f"{source} could not be fetched: {type(error).__name__}: {error}. Check the network, and log in with "
            "`hf auth login` if the repository asks for consent; or name a folder that holds the weights with --weights"
        ) from error
    return Path(snapshot) / path
