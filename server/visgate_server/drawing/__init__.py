"""Draws findings onto pictures; knows nothing about how they were found."""
