"""CenterNet with a MobileNetV3 backbone, which finds objects of COCO's 80 kinds; suppression is the server's."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, OutputParity, ParityReport
from visgate_export.recipes.human_models import LICENCE, REFERENCE, HumanModel

if TYPE_CHECKING:
    import onnx

    from visgate_export.parity import Array

MODEL = HumanModel("centernet", input_name="tower_0/images")
_DETECTIONS_TENSOR = "tower_0/detections"


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `detections` [N,100,6]: x1, y1, x2, y2 in pixels, score 0-1, kind; best first."""
    from visgate_export.networks.centernet import build_centernet

    return build_centernet(MODEL.read(materials))


def check(network: Path, materials: Materials) -> ParityReport:
    """Against TF.js with the package's own choice of boxes."""
    import numpy as np

    from visgate_export.networks.centernet import SIDE
    from visgate_export.parity import BATCH_SIZES, open_session
    from visgate_export.sample_pictures import photographs

    session = open_session(network)
    boxes, scores = 0.0, 0.0
    for count in BATCH_SIZES:
        pictures = photographs(SIDE, SIDE, count)
        (built,) = session.run(["detections"], {"image": pictures})
        expected = MODEL.run(materials, pictures.astype(np.float32), [_DETECTIONS_TENSOR])[_DETECTIONS_TENSOR]
        if built.shape != expected.shape:
            boxes = scores = float("inf")  # wrong shapes are the largest difference there is
            break
        for row, expected_row in zip(built, expected, strict=True):
            for ours, theirs in ((row, expected_row), (expected_row, row)):
                box, score = detection_difference(ours, theirs)
                boxes, scores = max(boxes, box), max(scores, score)
    return ParityReport(
        REFERENCE,
        BATCH_SIZES,
        (OutputParity("detections, sides in pixels", boxes, 0.02), OutputParity("detections, scores", scores, 1e-4)),
    )


def detection_difference(some: "Array", others: "Array") -> tuple[float, float]:
    """How far the detections of one picture, [100,6], are from their likes in another list: pixels, score.

    They are matched by kind and place, as scores that are nearly equal may change places in the order, and the
    last of the hundred may drop out of it. Infinite where there is no like, or a number is not finite.
    """
    import numpy as np

    compared = some[some[:, 4] > some[-1, 4] + 1e-4]
    if not len(compared) or not np.isfinite(some).all() or not np.isfinite(others).all():
        return float("inf"), float("inf")
    boxes, scores = 0.0, 0.0
    for detection in compared:
        likes = others[others[:, 5] == detection[5]]
        if not len(likes):
            return float("inf"), float("inf")
        distances = np.abs(likes[:, :4] - detection[:4]).max(axis=1)
        boxes = max(boxes, float(distances.min()))
        scores = max(scores, float(np.abs(likes[distances.argmin(), 4] - detection[4])))
    return boxes, scores


RECIPES = (
    NetworkRecipe(
        name="centernet",
        model="detect_objects",
        file_name="centernet.onnx",
        title="CenterNet with MobileNetV3, 512 pixels, 80 COCO kinds",
        licence=LICENCE,
        members=MODEL.members,
        build=build,
        check=check,
    ),
)
