"""The pocket networks that say something of every pixel: how near it is, and what it belongs to."""
