"""`startos-wrapper migrate`: from a wrapper for StartOS 0.3.5 to a package for StartOS 0.4."""
