"""Turns diffusion networks, pocket and full alike, into the ONNX files that the diffusion engine runs."""
