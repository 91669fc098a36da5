"""Plain computations on pictures and maps that several models or their tests use; no networks, tools or Triton."""
