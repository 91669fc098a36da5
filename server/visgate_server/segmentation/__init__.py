"""From the scores of a segmentation network to a map of classes and what it covers."""
