"""The main container: start, restart rule, stop, log, exit codes, and what it wrote outside its volumes."""


class Service:
    """The main container of a package."""

    @property
    def is_running(self) -> bool:
        """Return whether the container runs now."""
        raise NotImplementedError

    @property
    def container(self) -> str:
        """The name of the container, for `docker exec`."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the container, and return when it has an address and stays up. Raises: StepFailedError."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the container like StartOS, whatever comes of it, and remove it."""
        raise NotImplementedError

    def log(self, lines: int = 20) -> str:
        """Return the last lines of the container's log."""
        raise NotImplementedError
