"""OpenPose's body network, with which the full profile finds several people's joints; the pocket profile has MoveNet.

Not run here on the real checkpoint, only on random weights of the same layers. The checkpoint is a pickle, which is
never fetched: whoever wants it puts `Annotators/body_pose_model.pth` into the folder of weights. It is read by the
loader of torch that makes tensors and nothing else.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint
from visgate_export.recipe import Materials, NetworkRecipe, ParityReport
from visgate_export.recipes import pose
from visgate_export.sources import FolderSource
from visgate_server.pose_finding.openpose_finder import OPENPOSE_FILE

if TYPE_CHECKING:
    import onnx

    from visgate_export.networks.open_pose import BodyNetwork

MODEL = "detect_pose"
ANNOTATORS = Checkpoint("lllyasviel/Annotators", "LicenseRef-OpenPose-noncommercial")
WEIGHTS_FILE = "body_pose_model.pth"


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """OpenPose's network, and MoveNet's, which stays beside it; nothing where no folder has the weights."""
    if weights is None or not (weights / ANNOTATORS.short_name / WEIGHTS_FILE).is_file():
        return ()
    return recipes_from(weights)


def recipes_from(weights: Path) -> tuple[NetworkRecipe, ...]:
    """The same, whether or not the folder has the weights."""
    folder = FolderSource(f"{ANNOTATORS.short_name} in {weights}", weights / ANNOTATORS.short_name)
    member = folder.member(WEIGHTS_FILE)

    def loaded(materials: Materials) -> "BodyNetwork":
        return load_body_network(materials.path(member))

    return (
        NetworkRecipe(
            name="openpose",
            model=MODEL,
            file_name=OPENPOSE_FILE,
            title="OpenPose, body, several people",
            licence=ANNOTATORS.licence,
            members=(member,),
            build=lambda materials: _build(loaded(materials)),
            check=lambda network, materials: _check(network, loaded(materials)),
        ),
        *pose.RECIPES,
    )


def load_body_network(path: Path) -> "BodyNetwork":
    """The network of a checkpoint, in evaluation mode.

    Raises:
        ConversionError: the file has other entries than the network.
    """
    import torch

    from visgate_export.networks.open_pose import BodyNetwork

    network = BodyNetwork(torch.load(path, map_location="cpu", weights_only=True))
    network.eval().requires_grad_(False)
    return network


def _build(network: "BodyNetwork") -> "onnx.ModelProto":
    from visgate_export.networks.open_pose import body_graph

    return body_graph(network)


def _check(network: Path, reference: "BodyNetwork") -> ParityReport:
    """Against the same network in PyTorch, pictures prepared in NumPy."""
    import numpy as np
    import torch

    from visgate_export.parity import BATCH_SIZES, Inputs, Outputs, compare, pytorch_doing, row_by_row
    from visgate_export.sample_pictures import photographs
    from visgate_server.pose_finding.openpose_finder import INPUT_SIDE

    def evaluate(inputs: Inputs) -> Outputs:
        blue_first = inputs["image"][..., ::-1].astype(np.float32) / np.float32(256) - np.float32(0.5)
        with torch.inference_mode():
            maps = reference(torch.from_numpy(np.ascontiguousarray(blue_first.transpose(0, 3, 1, 2))))
        return {"maps": maps.numpy()}

    batches = [{"image": photographs(INPUT_SIDE, INPUT_SIDE, count)} for count in BATCH_SIZES]
    return compare(network, row_by_row(evaluate), pytorch_doing("the same layers"), batches, {"maps": 1e-3})
