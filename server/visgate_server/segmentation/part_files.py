"""Names the files that tell and serve SAM's parts, which the export puts beside the full profile's UperNet."""

PROFILE_FILE = "parts.json"
"""It is there where SAM finds the parts, and says what its networks take."""

VISION_NETWORK, POINT_NETWORK = "sam_vision.onnx", "sam_points.onnx"
