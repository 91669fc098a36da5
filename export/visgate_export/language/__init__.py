"""Exports BLIP, which says what pictures show and answers questions about them, pocket and full by one code."""
