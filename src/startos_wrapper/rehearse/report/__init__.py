"""How a rehearsal is reported: as text, JSON or annotations for GitHub."""
