"""What an upstream image is: read from a tar, asked of Docker or a registry, and the answers that follow."""
