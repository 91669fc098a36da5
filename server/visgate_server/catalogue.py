"""Lists the served models; knows nothing about what they do."""

from __future__ import annotations

from typing import Any

from visgate_server.models.background_removal import BackgroundRemoval
from visgate_server.models.classify_image import ClassifyImage
from visgate_server.models.depth_estimation import DepthEstimation
from visgate_server.models.describe_image import DescribeImage
from visgate_server.models.detect_edges import DetectEdges
from visgate_server.models.detect_faces import DetectFaces
from visgate_server.models.detect_lines import DetectLines
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.detect_pose import DetectPose
from visgate_server.models.diffusion import Diffusion
from visgate_server.models.image_captioning import ImageCaptioning
from visgate_server.models.object_editing import ObjectEditing
from visgate_server.models.object_finding import ObjectFinding
from visgate_server.models.person_mask import PersonMask
from visgate_server.models.question_answering import QuestionAnswering
from visgate_server.models.read_text import ReadText
from visgate_server.models.segmentation import Segmentation
from visgate_server.models.soft_edges import SoftEdges
from visgate_server.models.text_embedding import TextEmbedding
from visgate_server.models.upscale_image import UpscaleImage
from visgate_server.stream_model import StreamModel
from visgate_server.tool_model import ToolModel

ServedModel = ToolModel[Any] | StreamModel
"""Either kind of model: one that answers once, or one that answers in its own time, with progress."""

MODELS: tuple[type[ServedModel], ...] = (
    DetectEdges,
    SoftEdges,
    DetectLines,
    DetectPose,
    DetectObjects,
    DetectFaces,
    PersonMask,
    DepthEstimation,
    Segmentation,
    ObjectFinding,
    BackgroundRemoval,
    ReadText,
    ClassifyImage,
    UpscaleImage,
    DescribeImage,
    ImageCaptioning,
    QuestionAnswering,
    Diffusion,
    ObjectEditing,
    TextEmbedding,
)
"""Every model that `model_repository/` holds a folder for, in the order in which documents list them."""
