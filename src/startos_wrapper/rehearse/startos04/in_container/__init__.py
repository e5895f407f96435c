"""Runs in the container that stands in for the one of a service on StartOS 0.4."""
