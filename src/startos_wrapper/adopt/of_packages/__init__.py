"""Adopt a package for StartOS 0.4: read its TypeScript, and propose answers. Nothing of the package is run."""
