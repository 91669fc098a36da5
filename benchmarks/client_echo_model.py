"""The served model of the client's benchmarks, run by Triton's Python backend: answers a picture with itself.

It passes its input on as it came: a copy of its own would be time that no client has a hand in.
"""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Echoes."""

    def execute(self, requests):  # type: ignore[no-untyped-def]
        """Answers each request with its own picture."""
        return [
            pb_utils.InferenceResponse([pb_utils.get_input_tensor_by_name(request, "IMAGE")]) for request in requests
        ]
