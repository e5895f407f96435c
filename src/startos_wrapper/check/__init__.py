"""`startos-wrapper check`: every fault of a wrapper at once.

`documents` reads the manifest, `rules` judge the wrapper, `engine` runs them, `output` prints what they found.
"""
