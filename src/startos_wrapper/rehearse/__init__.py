"""The command `rehearse`: a service's life on StartOS, played with Docker."""
