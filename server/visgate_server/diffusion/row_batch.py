"""The requests of one UNet call, from step to step; decides nothing about who is in it."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from visgate_server.diffusion.batch_tensors import BatchContents, ControlRows, TensorsFactory
from visgate_server.diffusion.grouping import Group, control_kind
from visgate_server.diffusion.schedulers.step_table import COLUMNS, Float32Array
from visgate_server.errors import ModelFaultError

_FRESH_NOISE = COLUMNS.index("next_from_fresh_noise")


class RowBatch:
    """Requests that go through every step together until one joins or leaves.

    What stays the same from step to step (embeddings, guides, control pictures, zero residuals) is laid out once.
    """

    def __init__(self, members: Group, make_tensors: TensorsFactory) -> None:
        self.members = members
        self.rows = sum(len(member.rows) for member in members)
        self._tensors = make_tensors(_contents(members))
        self._steps = np.zeros((len(members), len(COLUMNS)), np.float32)
        self._fresh_noise = np.zeros((len(members), *members[0].latents.shape), np.float32)

    def denoise(self) -> None:
        """Does one step of every member."""
        self._tensors.denoise(self._steps, self._fresh_noise if self._prepare() else None)
        for member in self.members:
            member.step += 1
            member.unet_calls += 1
            member.requests_in_calls += len(self.members)
        self._find_faults()

    def x0(self) -> Float32Array:
        """What the last step guessed the finished latents to be, float32 [members, C, h, w]."""
        return self._tensors.x0()

    def dissolve(self) -> None:
        """Hands the members their own latents back, so that they can form other batches."""
        for member, latents, x0 in zip(self.members, self._tensors.latents(), self._tensors.x0(), strict=True):
            member.latents, member.previous_x0 = latents, x0

    def _prepare(self) -> bool:
        """Looks up every member's coefficients and draws its noise; returns whether any needs noise."""
        noisy = False
        for index, member in enumerate(self.members):
            step = member.table.rows[member.step]
            self._steps[index] = step
            if step[_FRESH_NOISE]:
                member.generator.standard_normal(out=self._fresh_noise[index], dtype=np.float32)
                noisy = True
        return noisy

    def _find_faults(self) -> None:
        finite = np.isfinite(self._tensors.latents())
        if finite.all():
            return
        for member, sound in zip(self.members, finite.all(axis=(1, 2, 3)), strict=True):
            if not sound:
                member.fault = ModelFaultError(
                    f"the UNet's answer to step {member.step} holds values that are no numbers: try other arguments, "
                    "a lower guidance first"
                )


def _contents(members: Group) -> BatchContents:
    conditions = [member.conditions for member in members if member.conditions is not None]
    channels = [condition.channels for condition in conditions if condition.channels is not None]
    weights = np.array([row.weight for member in members for row in member.rows], np.float32)
    return BatchContents(
        unet=members[0].request.unet,
        latents=np.stack([member.latents for member in members]),
        previous_x0=np.stack([member.previous_x0 for member in members]),
        owners=np.repeat(np.arange(len(members)), [len(member.rows) for member in members]),
        weights=weights[:, None, None, None],
        embeddings=np.concatenate([condition.embeddings for condition in conditions]),
        channels=np.concatenate(channels) if channels else None,
        controls=_controls(members),
    )


def _controls(members: Group) -> tuple[ControlRows, ...]:
    """A ControlNet's rows lie side by side, because `unet_groups` sorts a group's members by kind."""
    rows = [member for member in members for _ in member.rows]
    controls: list[ControlRows] = []
    for kind, run in groupby(range(len(rows)), lambda row: control_kind(rows[row])):
        places = list(run)
        alike = [rows[row] for row in places]
        if kind:
            scales = [member.request.control.scale for member in alike if member.request.control is not None]
            controls.append(
                ControlRows(
                    kind=kind,
                    rows=slice(places[0], places[-1] + 1),
                    pictures=np.stack([m.pictures.control for m in alike if m.pictures.control is not None]),
                    scales=np.array(scales, np.float32)[:, None, None, None],
                )
            )
    return tuple(controls)
