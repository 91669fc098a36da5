"""Says what pictures show, word by word; knows nothing about tools or requests."""
