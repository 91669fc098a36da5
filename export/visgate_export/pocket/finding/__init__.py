"""Trains the pocket network that finds an object of a scene by words: CLIPSeg, small."""
