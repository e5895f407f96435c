"""A parser for Dockerfiles that never builds them."""
