"""Memory of one engine with all tools beside one pipeline a tool, as Visual ChatGPT has them; times nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from visgate_server.embedded import RunningServer
from visgate_server.embedded.processes import server_processes

PIPELINES = ("text", "edges", "depth", "redraw")
"""One for each drawing tool."""

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Memory:
    """What a process, or several, hold.

    Attributes:
        pss: bytes, where a page that several processes share is split between them.
        rss: bytes, where such a page counts in each of them.
    """

    pss: int
    rss: int


@dataclass(frozen=True)
class MemoryComparison:
    """The served engine's process beside a process a pipeline."""

    engine: Memory
    pipelines: tuple[Memory, ...]

    @property
    def ratio(self) -> float:
        """How many times the engine's memory the pipelines take together (PSS)."""
        return sum(memory.pss for memory in self.pipelines) / self.engine.pss


@dataclass(frozen=True)
class ParameterCounts:
    """Parameters of networks, in millions.

    Attributes:
        text_encoder: CLIP ViT-L/14's text half.
        autoencoder: encoder and decoder.
        unet: without a ControlNet's.
        control_net: each of them.
    """

    text_encoder: float
    autoencoder: float
    unet: float
    control_net: float


STABLE_DIFFUSION_15 = ParameterCounts(text_encoder=123.06, autoencoder=83.65, unet=859.52, control_net=361.28)
"""Counted on the classes of transformers and diffusers, configured as SD 1.5."""

VISUAL_CHATGPT_PIPELINES = 9
"""Its tools that draw with SD 1.5's own UNet: one from text and one for each of eight ControlNets."""


def model_process(server: RunningServer) -> psutil.Process:
    """The process in which the server runs the diffusion model."""
    [process] = [
        process
        for process in server_processes(server.state.region_prefix)
        if any(argument.endswith("/diffusion/1/model.py") for argument in process.cmdline())
    ]
    return process


def memory_of(process: psutil.Process) -> Memory:
    """What a process holds now."""
    info = process.memory_full_info()
    return Memory(info.pss, info.rss)


def compare_memory(server: RunningServer, folder: Path) -> MemoryComparison:
    """Measures the served model's process, which must have drawn with every tool, then a process a pipeline.

    The pipelines are measured while all of them and the server run: library pages that they share count least then.

    Args:
        server: that serves the model.
        folder: the model's version folder.
    """
    engine = memory_of(model_process(server))
    with ExitStack() as stack:
        processes = [stack.enter_context(_Pipeline(kind, folder)) for kind in PIPELINES]
        for process in processes:
            process.wait_until_drawn()
        return MemoryComparison(engine, tuple(memory_of(process.process) for process in processes))


def stable_diffusion_sizes(counts: ParameterCounts = STABLE_DIFFUSION_15) -> tuple[float, float]:
    """Computed, not measured: gigabytes of fp16 weights of separate pipelines, and of one engine for the same tools."""
    shared = counts.text_encoder + counts.autoencoder + counts.unet
    controls = (VISUAL_CHATGPT_PIPELINES - 1) * counts.control_net
    bytes_a_million = 2e6
    return (
        (VISUAL_CHATGPT_PIPELINES * shared + controls) * bytes_a_million / 1e9,
        (shared + controls) * bytes_a_million / 1e9,
    )


class _Pipeline:
    """A process that draws for one tool and then waits."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        command: Sequence[str] = [sys.executable, "-m", "benchmarks.engine_pipeline", kind, str(folder)]
        self._child = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.process = psutil.Process(self._child.pid)

    def __enter__(self) -> _Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.communicate()  # closes its input, which ends it

    def wait_until_drawn(self) -> None:
        """Returns when it has drawn once."""
        if self._child.stdout is None or self._child.stdout.readline().strip() != "drawn":
            raise RuntimeError(f"the process of pipeline {self._kind} ended before it had drawn: see what it wrote")
