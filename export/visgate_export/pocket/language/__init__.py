"""Trains and loads the pocket networks that answer with words: captions of scenes, and answers to questions."""
