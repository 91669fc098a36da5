"""Real photographs to compare networks on; a comparison on zeros or noise would hide most mistakes."""

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]

_NAMES = ("astronaut", "chelsea", "coffee", "page")


def photographs(height: int, width: int, count: int) -> Pictures:
    """scikit-image's bundled photographs, no two rows alike.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        count: rows of the batch, at most 4: an astronaut, a cat, a cup of coffee, a printed page.

    Returns:
        UINT8 [count, height, width, 3], RGB 0-255, stretched to the size.
    """
    import cv2
    from skimage import data

    if not 1 <= count <= len(_NAMES):
        raise ValueError(f"count must be 1 to {len(_NAMES)}, not {count}")
    rows = []
    for name in _NAMES[:count]:
        picture = np.asarray(getattr(data, name)())
        if picture.ndim == 2:
            picture = np.stack([picture] * 3, axis=-1)
        rows.append(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    return np.stack(rows).astype(np.uint8)


_LINE_ROWS = ((12, 33), (50, 64), (68, 82), (86, 100), (104, 120))
"""Rows of the printed page between which a line of text lies."""


_PAPER = (1.0, 0.8, 0.6)
"""Colour of the paper, as a share of white in red, green and blue."""


def text_lines(height: int, width: int, count: int) -> Pictures:
    """Lines of scikit-image's printed page, no two alike.

    Args:
        height: rows in pixels.
        width: columns in pixels; a line fills them from the left, with white behind it. The paper is tinted.
        count: rows of the batch, at most 5.

    Returns:
        UINT8 [count, height, width, 3], RGB 0-255.
    """
    import cv2
    from skimage import data

    if not 1 <= count <= len(_LINE_ROWS):
        raise ValueError(f"count must be 1 to {len(_LINE_ROWS)}, not {count}")
    page = np.asarray(data.page())
    lines = np.full((count, height, width, 3), 255, dtype=np.uint8)
    for line, (top, bottom) in zip(lines, _LINE_ROWS, strict=False):
        crop = page[top:bottom]
        scaled_width = min(width, round(crop.shape[1] * height / crop.shape[0]))
        scaled = cv2.resize(crop, (scaled_width, height), interpolation=cv2.INTER_CUBIC)
        line[:, :scaled_width] = scaled[..., None] * np.array(_PAPER)  # grey would hide swapped channels
    return lines
