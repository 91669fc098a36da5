"""Remembers what a network made of the pictures it looked at last; knows nothing about networks.

People ask several questions about one picture, and the network looks at pictures longer than it answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
Look = Callable[[Pictures], NDArray[np.float32]]
"""Looks at pictures [N,H,W,3] and gives what it sees of each, [N,...]."""

REMEMBERED = 32
"""Pictures; the largest network's view of one takes 1.8 MB."""


class LookedAt:
    """Looks at each picture once, as long as it is remembered."""

    def __init__(self, look: Look, remembered: int = REMEMBERED) -> None:
        self._look = look
        self._remembered = remembered
        self._seen: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def see(self, pictures: Pictures) -> NDArray[np.float32]:
        """What is seen of pictures [N,H,W,3], [N,...]; those that are new and not alike are looked at together."""
        keys = [blake2b(picture.tobytes(), digest_size=16).digest() for picture in pictures]
        new = {key: row for row, key in enumerate(keys) if key not in self._seen}
        fresh = dict(zip(new, self._look(pictures[list(new.values())]), strict=True)) if new else {}
        views = [fresh[key] if key in fresh else self._seen[key] for key in keys]
        for key, view in zip(keys, views, strict=True):
            self._seen[key] = view
            self._seen.move_to_end(key)
        while len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return np.stack(views)
