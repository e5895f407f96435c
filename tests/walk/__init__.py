"""What a new user types into a terminal, from an empty home to an update and back."""
