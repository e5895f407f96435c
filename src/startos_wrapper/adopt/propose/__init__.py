"""Propose the answers that describe a wrapper, based on its files, with a module for each subject."""
