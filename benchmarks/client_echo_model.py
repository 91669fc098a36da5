"""The served model of the client's benchmarks, run by Triton's Python backend: answers a picture with itself."""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Echoes."""

    def execute(self, requests):  # type: ignore[no-untyped-def]
        """Answers each request with its own picture."""
        return [
            pb_utils.InferenceResponse(
                [pb_utils.Tensor("PICTURE", pb_utils.get_input_tensor_by_name(request, "IMAGE").as_numpy())]
            )
            for request in requests
        ]
