"""Rules about the keys and values of the manifest."""

from collections.abc import Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.manifest.schema_faults import schema_faults
from startos_wrapper.files.wrapper import Wrapper


@checks(
    "E110", "E111", "E112", "E113", "E114", "E115", "E116", "E117", "E118", "E119", "E120", "E121", "E307", "E315",
    "W515", startos="0.3.5",
)  # fmt: skip
def breaches(wrapper: Wrapper) -> Iterator[Finding]:
    """Find everything that violates the manifest's schema."""
    yield from map(Finding.of, schema_faults(wrapper))
