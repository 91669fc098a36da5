"""Vision tool models that run in and around NVIDIA Triton."""
