"""What StartOS 0.3.5 reads in a manifest, and what is wrong with one that it refuses."""
