"""RapidOCR's three networks (where text is, which way up, what it says) with their normalisation inside."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.sources import Member, PyPiSource

if TYPE_CHECKING:
    import onnx

    from visgate_export.graph_surgery import Dimension
    from visgate_export.sample_pictures import Pictures

PACKAGE = PyPiSource(
    "rapidocr-onnxruntime",
    "1.4.4",
    sha256="971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
    size=14_915_192,
)
_MODELS = "rapidocr_onnxruntime/models"
DETECTOR = PACKAGE.member(f"{_MODELS}/ch_PP-OCRv4_det_infer.onnx")
RECOGNISER = PACKAGE.member(f"{_MODELS}/ch_PP-OCRv4_rec_infer.onnx")
ORIENTATION = PACKAGE.member(f"{_MODELS}/ch_ppocr_mobile_v2.0_cls_infer.onnx")

LINE_HEIGHT = 48
"""Rows of a text line, pixels, for the recogniser and the orientation network."""
ORIENTATION_WIDTH = 192
ALPHABET_KEY = "character"
"""ONNX metadata key under which the recogniser carries its alphabet, a character a line."""
CHARACTER_CLASSES = 6625

# The package's config.yaml and its three preprocessing classes: (x / 255 - 0.5) / 0.5 for all three networks,
# on the BGR pictures of its LoadImage.
_SCALE, _OFFSET = 1 / 127.5, -1.0


def _build(
    member: Member, height: int | None, width: int | None, output: str, shape: "list[Dimension]", materials: Materials
) -> "onnx.ModelProto":
    from visgate_export.graph_surgery import load_without_shapes, set_output
    from visgate_export.preprocessing import ChannelOrder, Layout, PictureInput, with_picture_input

    model = load_without_shapes(materials.path(member).read_bytes())
    set_output(model, model.graph.output[0].name, output, shape)
    pictures = PictureInput(height, width, Layout.NCHW, ChannelOrder.BGR, _SCALE, _OFFSET)
    return with_picture_input(model, pictures)


def build_detector(materials: Materials) -> "onnx.ModelProto":
    """`image` (sides multiples of 32) -> `probability` [N,H,W], how likely each pixel lies on text."""
    import numpy as np

    from visgate_export.graph_surgery import add_constant, append_node, replace_outputs

    model = _build(DETECTOR, None, None, "probability_map", ["N", 1, "H", "W"], materials)
    channel_axis = add_constant(model, "channel_axis", np.array([1], dtype=np.int64))
    append_node(model, "Squeeze", ["probability_map", channel_axis], "probability")
    replace_outputs(model, {"probability": ["N", "H", "W"]})
    return model


build_recogniser = partial(_build, RECOGNISER, LINE_HEIGHT, None, "characters", ["N", "T", CHARACTER_CLASSES])
build_orientation = partial(_build, ORIENTATION, LINE_HEIGHT, ORIENTATION_WIDTH, "probabilities", ["N", 2])


def _check(
    member: Member, output: str, tolerance: float, pictures: "list[Pictures]", network: Path, materials: Materials
) -> ParityReport:
    """Against the package's own file, fed as the package's Python feeds it, one row at a time."""
    import numpy as np

    from visgate_export.parity import PACKAGES_OWN_FILE, Inputs, Outputs, compare, open_session, row_by_row

    original = open_session(materials.path(member))

    def reference(inputs: Inputs) -> Outputs:
        bgr = inputs["image"][..., ::-1].astype(np.float32) / 255
        (result,) = original.run(None, {"x": ((bgr - 0.5) / 0.5).transpose(0, 3, 1, 2)})
        return {output: result[:, 0] if member is DETECTOR else result}

    batches = [{"image": batch} for batch in pictures]
    return compare(
        network,
        row_by_row(reference),
        PACKAGES_OWN_FILE,
        batches,
        {output: tolerance},
    )


def check_detector(network: Path, materials: Materials) -> ParityReport:
    """Compares probabilities at two batch sizes and two picture sizes."""
    from visgate_export.sample_pictures import photographs

    pictures = [photographs(192, 384, 4)[3:], photographs(320, 256, 3)]  # the first is the printed page alone
    return _check(DETECTOR, "probability", 1e-4, pictures, network, materials)


def check_recogniser(network: Path, materials: Materials) -> ParityReport:
    """Compares character probabilities on lines of a printed page, in two widths."""
    from visgate_export.sample_pictures import text_lines

    pictures = [text_lines(LINE_HEIGHT, 480, 1), text_lines(LINE_HEIGHT, 640, 3)]
    return _check(RECOGNISER, "characters", 1e-4, pictures, network, materials)


def check_orientation(network: Path, materials: Materials) -> ParityReport:
    """Compares probabilities on lines of a printed page, some upside down."""
    from visgate_export.sample_pictures import text_lines

    upright = text_lines(LINE_HEIGHT, ORIENTATION_WIDTH, 3)
    mixed = upright.copy()
    mixed[1:] = upright[1:, ::-1, ::-1]
    return _check(ORIENTATION, "probabilities", 1e-4, [upright[:1], mixed], network, materials)


def _recipe(
    name: str,
    title: str,
    member: Member,
    build: "Callable[[Materials], onnx.ModelProto]",
    check: "Callable[[Path, Materials], ParityReport]",
    keep_metadata: frozenset[str] = frozenset(),
) -> NetworkRecipe:
    return NetworkRecipe(
        name=name,
        model="read_text",
        file_name=f"{name}.onnx",
        title=title,
        licence="Apache-2.0",
        members=(member,),
        build=build,
        check=check,
        keep_metadata=keep_metadata,
    )


RECIPES = (
    _recipe("text_detector", "PP-OCRv4 detector, where text is", DETECTOR, build_detector, check_detector),
    _recipe(
        "text_recogniser",
        "PP-OCRv4 recogniser, what a line says",
        RECOGNISER,
        build_recogniser,
        check_recogniser,
        frozenset({ALPHABET_KEY}),
    ),
    _recipe(
        "text_orientation",
        "PP-OCR mobile v2.0, whether a line is upside down",
        ORIENTATION,
        build_orientation,
        check_orientation,
    ),
)
