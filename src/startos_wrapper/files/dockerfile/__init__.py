"""Dockerfiles, read without building them."""
