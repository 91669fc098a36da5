"""Lessons for the inpainting UNet: masks, and what belongs under them."""
