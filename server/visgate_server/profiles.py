"""Names the profiles: which networks a repository may hold, and where their configurations lie; opens none of them."""

from __future__ import annotations

from enum import Enum


class Profile(Enum):
    """A set of networks that the export puts into a model repository."""

    POCKET = "pocket"
    FULL = "full"

    @property
    def config_file(self) -> str:
        """Where in a model's folder its configuration lies; a model without that file has the pocket's.

        Triton reads `configs/NAME.pbtxt` where it is started with `--model-config-name=NAME`.
        """
        return "config.pbtxt" if self is Profile.POCKET else f"configs/{self.value}.pbtxt"
