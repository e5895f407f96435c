"""The command around the template: what a Jinja template cannot do."""
