"""The preprocessing inside a graph gives what NumPy gives, for every layout, channel order and element type."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from visgate_export.canonical_form import canonical_bytes
from visgate_export.errors import ConversionError
from visgate_export.preprocessing import ChannelOrder, Layout, PictureInput, mean_and_std, with_picture_input
from visgate_export.sample_pictures import photographs

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def passing_network(shape: list[int | str], element_type: int = TensorProto.FLOAT) -> onnx.ModelProto:
    """A network that gives its input back: what it gives is what preprocessing fed it."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["pictures"], ["fed"], name="pass")],
        "pass",
        [helper.make_tensor_value_info("pictures", element_type, shape)],
        [helper.make_tensor_value_info("fed", element_type, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def fed(model: onnx.ModelProto, pictures: PictureInput, image: NDArray[np.uint8]) -> NDArray[Any]:
    session = onnxruntime.InferenceSession(canonical_bytes(with_picture_input(model, pictures)))
    (image_input,) = session.get_inputs()
    assert (image_input.name, image_input.type) == ("image", "tensor(uint8)")
    assert image_input.shape[-1] == 3
    (result,) = session.run(None, {"image": image})
    values: NDArray[Any] = result
    return values


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("order", list(ChannelOrder))
@pytest.mark.parametrize("layout", list(Layout))
def test_layout_order_and_normalisation(layout: Layout, order: ChannelOrder, count: int) -> None:
    image = photographs(24, 40, count)
    channels = image if order is ChannelOrder.RGB else image[..., ::-1]
    expected = ((channels / 255 - np.array(MEAN)) / np.array(DEVIATION)).astype(np.float32)
    shape: list[int | str] = ["N", "H", "W", 3]
    if layout is Layout.NCHW:
        expected = expected.transpose(0, 3, 1, 2)
        shape = ["N", 3, "H", "W"]
    scale, offset = mean_and_std(MEAN, DEVIATION)
    result = fed(passing_network(shape), PictureInput(None, None, layout, order, scale, offset), image)
    np.testing.assert_allclose(result, expected, atol=2e-6)


@pytest.mark.parametrize("layout", list(Layout))
def test_alpha_is_one_more_channel(layout: Layout) -> None:
    image = photographs(16, 16, 2)
    shape: list[int | str] = ["N", 16, 16, 4] if layout is Layout.NHWC else ["N", 4, 16, 16]
    result = fed(passing_network(shape), PictureInput(16, 16, layout, alpha=1.0), image)
    planes = np.moveaxis(result, 3 if layout is Layout.NHWC else 1, 0)
    np.testing.assert_array_equal(planes[:3], np.moveaxis(image, 3, 0))
    np.testing.assert_array_equal(planes[3], 1.0)


def test_one_scale_for_all_channels() -> None:
    image = photographs(8, 8, 1)
    pictures = PictureInput(8, 8, Layout.NHWC, scale=1 / 127.5, offset=-1.0)
    result = fed(passing_network(["N", 8, 8, 3]), pictures, image)
    np.testing.assert_allclose(result, image / 127.5 - 1, atol=1e-6)


def test_integer_pictures_stay_integers() -> None:
    image = photographs(8, 8, 2)
    result = fed(passing_network(["N", 8, 8, 3], TensorProto.INT32), PictureInput(8, 8, Layout.NHWC), image)
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, image)


def test_integer_pictures_cannot_be_scaled() -> None:
    network = passing_network(["N", 8, 8, 3], TensorProto.INT32)
    with pytest.raises(ConversionError, match="not float"):
        with_picture_input(network, PictureInput(8, 8, Layout.NHWC, scale=0.5))


def test_an_input_that_is_not_there_is_named() -> None:
    network = passing_network(["N", 8, 8, 3])
    with pytest.raises(ConversionError, match=r"'absent'.*has pictures"):
        with_picture_input(network, PictureInput(8, 8, Layout.NHWC), "absent")


def test_the_network_that_was_given_is_left_as_it_was() -> None:
    network = passing_network(["N", 8, 8, 3])
    before = network.SerializeToString()
    with_picture_input(network, PictureInput(8, 8, Layout.NHWC, scale=0.5))
    assert network.SerializeToString() == before
