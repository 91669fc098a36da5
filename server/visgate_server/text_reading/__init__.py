"""Finds and reads text with PP-OCR's three networks; knows nothing about tools, requests or Triton."""
