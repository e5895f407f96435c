"""The steps of a rehearsal on StartOS 0.4, each a function `run` in its own module."""
