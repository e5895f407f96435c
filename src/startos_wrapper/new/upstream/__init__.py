"""From what upstream has to answers: a compose file, a Dockerfile, a source tree, or an image."""
