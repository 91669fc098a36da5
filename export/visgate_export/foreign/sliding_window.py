"""Works out where a convolution's or pooling's window lies in TensorFlow; knows no file format."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A window that slides over feature maps; pairs are vertical, horizontal."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    """Pixels of padding: top, left, bottom, right, as ONNX has them."""
    output_size: tuple[int, int]
    """Height and width of what the window gives."""


def place_window(
    size: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    *,
    same: bool,
) -> Window:
    """The window over maps of `size` by TensorFlow's rules.

    With `padding="SAME"` the output has ceil(size / stride) pixels and the odd pixel of padding goes to the bottom
    and the right; with `padding="VALID"` there is none (https://www.tensorflow.org/api_docs/python/tf/nn, notes on
    padding).
    """
    vertical, horizontal = (
        _along_one_axis(length, (reach - 1) * dilation + 1, stride, same=same)
        for length, reach, stride, dilation in zip(size, kernel, strides, dilations, strict=True)
    )
    return Window(
        kernel,
        strides,
        dilations,
        (vertical.before, horizontal.before, vertical.after, horizontal.after),
        (vertical.output, horizontal.output),
    )


@dataclass(frozen=True)
class _Axis:
    before: int
    after: int
    output: int


def _along_one_axis(length: int, reach: int, stride: int, *, same: bool) -> _Axis:
    if not same:
        return _Axis(0, 0, (length - reach) // stride + 1)
    output = -(-length // stride)
    total = max((output - 1) * stride + reach - length, 0)
    return _Axis(total // 2, total - total // 2, output)
