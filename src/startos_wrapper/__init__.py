"""The command for everything that a Jinja template can't do."""
