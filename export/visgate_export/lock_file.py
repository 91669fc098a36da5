"""Reads and writes models.lock.json, which pins every produced file by SHA-256; builds and installs nothing."""

import json
from dataclasses import dataclass
from pathlib import Path

from visgate_export.errors import LockError, LockMismatchError

DEFAULT_PATH = Path(__file__).with_name("models.lock.json")


@dataclass(frozen=True)
class Pin:
    """What one file of the model repository must be."""

    sha256: str
    """Lower-case hexadecimal."""
    size: int
    """Bytes."""


class LockFile:
    """The pins, by path below the model repository (with `/`)."""

    def __init__(self, path: Path = DEFAULT_PATH) -> None:
        """Reads `path`; a file that is not there holds no pins.

        Raises:
            LockError: the file cannot be read as a lock file.
        """
        self._path = path
        self._pins: dict[str, Pin] = {}
        if path.is_file():
            try:
                entries = json.loads(path.read_text(encoding="utf-8"))
                self._pins = {name: Pin(entry["sha256"], entry["size"]) for name, entry in entries.items()}
            except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
                raise LockError(
                    f"{path} is not a lock file: {error!r}. Restore it from version control, or delete it and run "
                    "`visgate-export lock`."
                ) from error

    @property
    def files(self) -> frozenset[str]:
        """What is pinned."""
        return frozenset(self._pins)

    def pin(self, file: str) -> Pin:
        """What `file` must be.

        Raises:
            LockError: the file is not pinned.
        """
        try:
            return self._pins[file]
        except KeyError:
            raise LockError(f"{file} is not in {self._path.name}: pin it with `visgate-export lock`") from None

    def require(self, file: str, found: Pin) -> None:
        """Does nothing when `found` is what is pinned.

        Raises:
            LockError: the file is not pinned.
            LockMismatchError: it is pinned and is another one.
        """
        pinned = self.pin(file)
        if found != pinned:
            raise LockMismatchError(
                f"{file} has SHA-256 {found.sha256} ({found.size} bytes), but {pinned.sha256} ({pinned.size} bytes) is "
                f"pinned in {self._path.name}. If it is an installed file, `visgate-export models` makes it anew. If "
                "it was just built, it was not installed: the versions of torch and onnx differ from those in "
                "constraints.txt, or the recipe has changed. If the change is meant, pin it with `visgate-export lock`."
            )

    def update(self, pins: dict[str, Pin]) -> None:
        """Pins these files anew, keeps the others, and writes the lock file."""
        self._pins.update(pins)
        entries = {
            name: {"sha256": pin.sha256, "size": pin.size}
            for name, pin in sorted(self._pins.items(), key=lambda p: p[0])
        }
        self._path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
