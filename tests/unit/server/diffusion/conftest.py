"""The tiny networks, written once and opened once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_networks import write_tiny_networks

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks, open_networks
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile, read_profile


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("diffusion")
    write_tiny_networks(path)
    return path


@pytest.fixture(scope="session")
def tiny_profile(folder: Path) -> DiffusionProfile:
    return read_profile(folder)


@pytest.fixture(scope="session")
def networks(folder: Path, tiny_profile: DiffusionProfile) -> DiffusionNetworks:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VISGATE_THREADS", "1")
        return open_networks(folder, tiny_profile)


@pytest.fixture
def engine(networks: DiffusionNetworks, tiny_profile: DiffusionProfile) -> DiffusionEngine:
    return DiffusionEngine(networks, tiny_profile, EngineLimits())
