"""Opens the finder of poses whose network lies in the model's folder."""

from __future__ import annotations

from pathlib import Path

from visgate_server.pose_finding.movenet_finder import MoveNetFinder
from visgate_server.pose_finding.openpose_finder import OPENPOSE_FILE, OpenPoseFinder
from visgate_server.pose_finding.pose import PoseFinder


def open_pose_finder(folder: Path) -> PoseFinder:
    """OpenPose where the full profile put its network, else MoveNet.

    Raises:
        NetworkError: the network is missing or cannot be read.
    """
    return OpenPoseFinder(folder) if (folder / OPENPOSE_FILE).is_file() else MoveNetFinder(folder)
