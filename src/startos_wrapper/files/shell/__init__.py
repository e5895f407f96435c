"""A parser for shell scripts that never runs them."""
