"""Enlarges finished drawings with the served upscale_image, in threads of its own; knows nothing about drawing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from visgate_server.errors import ModelFaultError
from visgate_server.model_inputs import model_call
from visgate_server.models.upscale_image import UpscaleImage
from visgate_server.tool_model import Image, ModelCaller


class DrawingEnlarger:
    """Calls upscale_image for one drawing after the other, four at a time, which is what it batches."""

    def __init__(self, call_models: ModelCaller) -> None:
        self._call_models = call_models
        self._threads = ThreadPoolExecutor(UpscaleImage.spec.max_batch_size, thread_name_prefix="enlarge")

    def enlarge(
        self, picture: Image, on_enlarged: Callable[[Image], None], on_error: Callable[[Exception], None]
    ) -> None:
        """Returns at once; one of the two is called later, in another thread.

        Args:
            picture: UINT8 [height, width, 3].
            on_enlarged: gets UINT8 [4 height, 4 width, 3].
            on_error: gets why there is none.
        """
        self._threads.submit(self._enlarge, picture, on_enlarged, on_error)

    def close(self) -> None:
        """Takes no more; what has not begun is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _enlarge(
        self, picture: Image, on_enlarged: Callable[[Image], None], on_error: Callable[[Exception], None]
    ) -> None:
        try:
            [outputs] = self._call_models([model_call(UpscaleImage.spec, {"IMAGE": picture[None]}, ("PICTURE",))])
            enlarged = outputs["PICTURE"][0]
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller waits for an answer
            fault = ModelFaultError(f"{error}; the drawing itself is there: ask with enlarge false and the same seed")
            fault.__cause__ = error
            on_error(fault)
        else:
            on_enlarged(enlarged)
