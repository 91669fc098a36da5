"""Finds an object of a picture by words, in drawn scenes and in photos; serves nothing."""
