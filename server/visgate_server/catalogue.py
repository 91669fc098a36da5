"""Lists the served models; knows nothing about what they do."""

from __future__ import annotations

from typing import Any

from visgate_server.models.classify_image import ClassifyImage
from visgate_server.models.describe_image import DescribeImage
from visgate_server.models.detect_edges import DetectEdges
from visgate_server.models.detect_faces import DetectFaces
from visgate_server.models.detect_lines import DetectLines
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.detect_pose import DetectPose
from visgate_server.models.person_mask import PersonMask
from visgate_server.models.read_text import ReadText
from visgate_server.models.soft_edges import SoftEdges
from visgate_server.models.text_embedding import TextEmbedding
from visgate_server.models.upscale_image import UpscaleImage
from visgate_server.tool_model import ToolModel

MODELS: tuple[type[ToolModel[Any]], ...] = (
    DetectEdges,
    SoftEdges,
    DetectLines,
    DetectPose,
    DetectObjects,
    DetectFaces,
    PersonMask,
    ReadText,
    ClassifyImage,
    UpscaleImage,
    DescribeImage,
    TextEmbedding,
)
"""Every model that `model_repository/` holds a folder for, in the order in which documents list them."""
