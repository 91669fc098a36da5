"""Writes the graphs of networks, or parts of them, node by node; knows neither where weights come from nor Triton."""
