"""Output formats of `rehearse`."""

FORMATS = ("text", "json", "github")
