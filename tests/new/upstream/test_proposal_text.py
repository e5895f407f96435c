"""The text of a proposal is for people: no escapes, and no digests."""

from startos_wrapper.new.upstream.proposal import Proposal, Proposed
from startos_wrapper.new.upstream.proposal_text import as_json, as_text


def test_line_breaks_of_a_text_are_spaces() -> None:
    proposal = Proposal("x", answers={"long_description": Proposed("Notes keeps notes.\n\n\n  I like: it.")})
    text = as_text(proposal, {}, [])
    assert "Notes keeps notes. I like: it." in text and "\\n" not in text
    # Only the display differs.
    assert "notes.\\n\\n\\n  I" in as_json(proposal)


def test_a_note_has_no_digest_in_it() -> None:
    image = f"acme/clock:1.2.3@sha256:{'ab' * 32}"
    proposal = Proposal("x", notes=[f"{image}: nobody was asked"])
    assert "Note: acme/clock:1.2.3@sha256:...: nobody was asked" in as_text(proposal, {}, [])
    assert image in as_json(proposal)
