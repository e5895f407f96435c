"""Read container images: their config, and the files in their layers."""
