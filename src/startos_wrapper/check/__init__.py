"""`startos-wrapper check`: every fault of a wrapper at once.

`rules` judge the wrapper, `engine` runs them, `silences` hides what comments allow, `fix` repairs, `output` prints.
"""
