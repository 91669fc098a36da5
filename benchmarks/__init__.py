"""What a served call costs beside the same work done elsewhere; every figure is a ratio within one run."""
