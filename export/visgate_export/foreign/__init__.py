"""Reads weight formats that neither ONNX nor PyTorch knows, and writes them as ONNX; knows no network by name.

`*_reader` modules turn files into plain data, `*_to_onnx` modules turn that data into nodes of an `OnnxGraph`,
and `tfjs_runtime` runs TF.js's own library as the reference to compare with.
"""
