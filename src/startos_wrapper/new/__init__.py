"""`startos-wrapper new`: ask the questions of the template, and write a wrapper."""
