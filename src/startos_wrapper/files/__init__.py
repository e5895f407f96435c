"""Readers for a wrapper's files. They never execute what they read, and import neither `check` nor `adopt`."""
