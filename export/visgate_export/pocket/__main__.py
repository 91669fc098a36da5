"""Trains the pocket models from nothing, each stage in a process of its own; `make pocket` runs it.

About three hours on two CPU cores. Nobody needs it to use the models: their weights are in git.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType

import click

from visgate_export.pocket.control_pictures import CONTROL_PICTURES
from visgate_export.pocket.picture_unets import ADDED_CHANNELS

STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "autoencoder": ("train_autoencoder",),
        "text_encoder": ("train_text_encoder",),
        "unet": ("train_unet",),
        **{f"unet_{purpose}": ("train_picture_unet", purpose) for purpose in ADDED_CHANNELS},
        **{f"control_{kind}": ("train_control", kind) for kind in CONTROL_PICTURES},
        "judge": ("train_judge",),
        "object_finding": ("finding.train_finder",),
        "depth_estimation": ("dense.train_depth",),
        "segmentation": ("dense.train_segmentation",),
        "image_captioning": ("language.train_captioning",),
        "question_answering": ("language.train_answering",),
    }
)
"""Each stage's module and its arguments, in the order in which they build on each other."""
SPRITES: Mapping[str, tuple[str, ...]] = MappingProxyType({"sprites": ("sprite_sheet",)})
"""Makes the objects' pictures anew; all that is trained saw them, so it is never done unasked."""

_ALLOCATOR = {
    # A training step takes and gives back gigabytes: handing them to the kernel each time costs a third of the step.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


@click.command()
@click.argument("stages", nargs=-1, type=click.Choice([*SPRITES, *STAGES]))
def main(stages: tuple[str, ...]) -> None:
    """Train the STAGES named, or all of them in order; `sprites` makes the objects' pictures from their package."""
    for stage in stages or STAGES:
        module, *arguments = {**SPRITES, **STAGES}[stage]
        command = [sys.executable, "-m", f"visgate_export.pocket.{module}", *arguments]
        ended = subprocess.run(command, env={**os.environ, **_ALLOCATOR}, check=False)
        if ended.returncode:
            raise click.ClickException(f"stage {stage} failed; what it says is above")


if __name__ == "__main__":
    main()
