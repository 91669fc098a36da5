"""What it takes to change one object of a picture, or its edges: masks, tiles, words; calls no model."""
