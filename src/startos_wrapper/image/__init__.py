"""`startos-wrapper image`: say what an image is, and which answers follow."""
