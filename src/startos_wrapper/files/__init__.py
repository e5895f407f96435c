"""Readers of a wrapper's files. Nothing here runs what it reads, and nothing imports `check` or `adopt`."""
