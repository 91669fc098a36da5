"""Tells everybody of a step that was done and hands finished drawings over; runs the VAE decoder alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visgate_server.diffusion.active_request import ActiveRequest
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.faults import shared_fate
from visgate_server.diffusion.grouping import same_size_groups
from visgate_server.diffusion.previews import Previewer
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.row_batch import RowBatch


class Completion:
    """What follows a step."""

    def __init__(self, networks: DiffusionNetworks, profile: DiffusionProfile, max_pictures: int) -> None:
        self._vae_decoder = networks.vae_decoder
        self._previewer = Previewer(profile)
        self._max_pictures = max_pictures

    def report(self, batch: RowBatch) -> None:
        """Tells a batch's members of the step that it did."""
        for index, member in enumerate(batch.members):
            if member.fault is None:
                preview = self._previewer.preview(batch.x0()[index]) if member.preview_due() else None
                member.tell_progress(preview)

    def finish(self, finished: Sequence[ActiveRequest]) -> None:
        """Decodes finished latents and hands the drawings over, or tells why there is none."""
        for group in same_size_groups(finished, self._max_pictures):
            with shared_fate(group, "the VAE decoder"):
                latents = np.stack([request.latents for request in group])
                pictures = self._vae_decoder.run({"latents": latents})["image"]
                for request, picture in zip(group, pictures, strict=True):
                    request.tell_result(picture.copy())  # not a view, which would keep the others' pictures alive
            for request in group:
                if request.fault is not None:
                    request.tell_error(request.fault)
