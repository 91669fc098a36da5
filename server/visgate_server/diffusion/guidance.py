"""Which rows a request takes in a UNet call, and how their noise combines into one; runs no network.

Classifier-free guidance, as in diffusers' StableDiffusionPipeline:
    noise = unconditional + guidance (prompted − unconditional)
and with a picture to edit, as in its StableDiffusionInstructPix2PixPipeline (https://arxiv.org/abs/2211.09800, eq. 3):
    noise = unconditional + guidance (prompted − pictured) + image_guidance (pictured − unconditional)
Both are sums of rows with a weight each, so a row of no weight need not be run.
"""

from __future__ import annotations

from dataclasses import dataclass

from visgate_server.diffusion.draw_request import DrawRequest

MOST_ROWS_A_REQUEST = 3


@dataclass(frozen=True)
class GuidanceRow:
    """One row of a request in a UNet call.

    Attributes:
        weight: of this row's noise in the request's.
        prompted: the row sees the prompt; otherwise it sees the negative prompt.
        pictured: the row sees the picture that is edited; otherwise zeros. Of no meaning to the other UNets.
    """

    weight: float
    prompted: bool
    pictured: bool = True


def guidance_rows(request: DrawRequest) -> tuple[GuidanceRow, ...]:
    """The rows that a request takes in every UNet call, at least one."""
    if request.unet == "edit":
        rows = [
            GuidanceRow(request.guidance, prompted=True),
            GuidanceRow(request.image_guidance - request.guidance, prompted=False),
            GuidanceRow(1 - request.image_guidance, prompted=False, pictured=False),
        ]
    else:
        rows = [
            GuidanceRow(1 - request.guidance, prompted=False),
            GuidanceRow(request.guidance, prompted=True),
        ]
    return tuple(row for row in rows if row.weight != 0)
