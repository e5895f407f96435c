"""Packages for StartOS 0.4, as their TypeScript says: nothing of them is run."""
