"""What runs in containers of the image compat. They use the standard library and PyYAML only."""
