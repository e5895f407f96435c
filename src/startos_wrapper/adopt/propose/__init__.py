"""The answers that describe a wrapper, each proposed from what its files say: a module for each subject."""
