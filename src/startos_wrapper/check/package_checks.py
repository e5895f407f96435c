"""The registry's decorator for rules that only apply to packages for StartOS 0.4."""

from collections.abc import Callable, Iterator

from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.wrapper import Wrapper

_Check = Callable[[StartosPackage], Iterator[Finding]]


def checks_package(*codes: str) -> Callable[[_Check], _Check]:
    """Register a function that yields findings of rules for packages for StartOS 0.4, which `rules/*.yaml` document."""

    def register(function: _Check) -> _Check:
        def check(wrapper: Wrapper) -> Iterator[Finding]:
            return function(wrapper) if isinstance(wrapper, StartosPackage) else iter(())

        checks(*codes, startos="0.4")(check)
        return function

    return register
