"""The diffusion engine: one denoising step at a time for all requests in flight; knows nothing about Triton.

`DiffusionEngine.step` (engine.py) is the place to start reading.
"""
