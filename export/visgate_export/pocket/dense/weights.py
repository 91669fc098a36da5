"""Loads the trained depth and segmentation networks from their weights; trains nothing."""

from pathlib import Path

from transformers import DPTForDepthEstimation, UperNetForSemanticSegmentation

from visgate_export.pocket.dense.architectures import depth_network, segmentation_network
from visgate_export.pocket.weight_files import read_weights
from visgate_export.pocket.weight_folder import WEIGHTS

DEPTH = "depth_estimation"
SEGMENTATION = "segmentation"


def load_depth_network(folder: Path = WEIGHTS) -> DPTForDepthEstimation:
    """The depth network in evaluation mode.

    Raises:
        FileNotFoundError: it has not been trained.
    """
    model = depth_network()
    model.load_state_dict(read_weights(DEPTH, folder))
    return model.eval().requires_grad_(False)


def load_segmentation_network(folder: Path = WEIGHTS) -> UperNetForSemanticSegmentation:
    """The segmentation network in evaluation mode.

    Raises:
        FileNotFoundError: it has not been trained.
    """
    model = segmentation_network()
    model.load_state_dict(read_weights(SEGMENTATION, folder))
    return model.eval().requires_grad_(False)
