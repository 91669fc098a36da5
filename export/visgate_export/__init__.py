"""Turns weights into checked ONNX networks for the Triton model repository."""
