"""Lessons for the UNet that follows instructions: the instructions, and pictures before and after."""
