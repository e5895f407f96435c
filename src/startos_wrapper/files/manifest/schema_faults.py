"""Explain violations of the manifest's schema in words that packagers know."""

from collections.abc import Iterator
from itertools import islice

from startos_wrapper.files.documents.value import NOTHING, Node
from startos_wrapper.files.manifest.fault import Fault
from startos_wrapper.files.manifest.grammar_faults import wrong_grammar
from startos_wrapper.files.manifest.key_faults import missing, unknown
from startos_wrapper.files.manifest.schema import Breach, breaches, spec_breaches
from startos_wrapper.files.manifest.value_faults import out_of_range, too_much, wrong_type, wrong_word
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper

# Nobody reads more than this.
_MOST_FAULTS = 1_000


def schema_faults(wrapper: Wrapper) -> Iterator[Fault]:
    """Yield a fault for every violation of the schema, or nothing if the manifest can't be parsed."""
    if wrapper.manifest is not NOTHING:
        yield from _once(breaches(wrapper))


def spec_faults(document: Source, spec: Node) -> Iterator[Fault]:
    """Yield a fault for everything in a config spec that StartOS rejects."""
    yield from (fault for fault in _once(spec_breaches(document, spec)) if fault.code.startswith("E"))


def _once(found: Iterator[Breach]) -> Iterator[Fault]:
    # A value can violate both a rough pattern, for editors, and an exact format. Aliases repeat it in other paths.
    faults = islice((fault for breach in found for fault in _faults(breach)), _MOST_FAULTS)
    yield from {(each.code, each.place, each.todo): each for each in faults}.values()


def _faults(breach: Breach) -> Iterator[Fault]:
    match breach.keyword:
        case "required":
            yield from missing(breach)
        case "additionalProperties":
            # jsonschema-rs before 0.61 may report a missing key here.
            yield from missing(breach)
            yield from unknown(breach)
        case "type":
            yield wrong_type(breach)
        case "enum":
            yield from wrong_word(breach)
        case "minimum" | "maximum":
            yield from out_of_range(breach)
        case "maxLength" | "maxItems":
            yield too_much(breach)
        case "dependencies":
            yield _half_a_pattern(breach)
        case "not":
            yield breach.fault(breach.rule, f"{breach.name} has both any and all", "keep one of them", None)
        case _:
            yield from wrong_grammar(breach)


def _half_a_pattern(breach: Breach) -> Fault:
    there, missing = sorted(("pattern", "pattern-description"), key=lambda name: name not in breach.node.fields)
    what = f"{breach.name} has {there} without {missing}"
    return breach.fault(breach.rule, what, f"add {missing}, or remove {there}", breach.node.keys[there])
