"""Names the files that finders open in their model's version folder, and that the export puts there; opens none."""

PROFILE_FILE = "finder.json"
"""Says which finder the other files are of, and what its networks take."""

TOKENIZER_FILE = "tokenizer.json"

VISION_NETWORK, MASK_NETWORK = "vision.onnx", "mask_decoder.onnx"
"""What every finder has: a network that sees a picture once, and one that makes masks of what it saw."""

TEXT_NETWORK = "text_encoder.onnx"
"""CLIPSeg's alone."""

GROUNDING_NETWORK = "grounding.onnx"
"""GroundingDINO, beside SAM's two networks."""
