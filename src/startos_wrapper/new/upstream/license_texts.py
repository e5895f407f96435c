"""Which license a text is, by the title or the sentence that only this license has.

Written by hand because identify compares texts with a C library that has no wheel for Linux on ARM.
"""

import re

_PERMISSION = "permission is hereby granted free of charge to any person obtaining a copy"
_KEPT = ".{0,800}shall be included in all"
_FOR_ANY_PURPOSE = (
    "permission to use copy modify and ?/? ?(or)? distribute this software for any purpose with or without fee"
)
_BINARY_FORMS = "redistribution and use in source and binary forms"
_NO_NAME = ".{0,1500}neither the name"
# SPDX identifiers with what their texts say, in lowercase, with single blanks and without commas. Several licenses
# quote the name of another one further down, so the one that comes first in the text counts.
_TEXTS = {
    "AGPL-3.0": r"gnu affero general public license version 3",
    "LGPL-3.0": r"gnu lesser general public license version 3",
    "LGPL-2.1": r"gnu lesser general public license version 2\.1",
    "GPL-3.0": r"gnu general public license version 3",
    "GPL-2.0": r"gnu general public license version 2",
    "Apache-2.0": r"apache license version 2\.0",
    "MPL-2.0": r"mozilla public license version 2\.0",
    "EPL-2.0": r"eclipse public license -? ?v(ersion)? ?2\.0",
    "EUPL-1.2": r"european union public licence v\. ?1\.2",
    "BUSL-1.1": r"business source license 1\.1",
    "Elastic-2.0": r"elastic license 2\.0",
    "CC0-1.0": r"cc0 1\.0 universal",
    "CC-BY-4.0": r"attribution 4\.0 international",
    "BSL-1.0": r"boost software license -? ?version 1\.0",
    "Unlicense": r"this is free and unencumbered software released into the public domain",
    "WTFPL": r"do what the fuck you want to public license",
    "Zlib": r"this software is provided 'as-is' without any express or implied warranty\. in no event will the authors",
    "BlueOak-1.0.0": r"blue oak model license",
    "MIT": f"{_PERMISSION}{_KEPT}",
    "MIT-0": f"{_PERMISSION}(?!{_KEPT})",
    "ISC": f"{_FOR_ANY_PURPOSE} is hereby granted provided that",
    "0BSD": rf"{_FOR_ANY_PURPOSE} is hereby granted\.",
    "BSD-3-Clause": f"{_BINARY_FORMS}{_NO_NAME}",
    "BSD-2-Clause": f"{_BINARY_FORMS}(?!{_NO_NAME})",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _TEXTS.items()}
# Where the title or the first sentence is. A file may begin with a list of copyrights.
_BEGINNING = 6000
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+-]+)*)")


def license_of(text: str) -> str | None:
    """Return the SPDX identifier of a license's text, or None if it isn't a known one.

    The texts of the GNU licenses don't tell whether later versions are allowed, so their identifiers don't either.
    """
    if tagged := _SPDX.search(text[:_BEGINNING]):
        return tagged[1]
    flat = " ".join(re.sub(r"[^a-z0-9.:;()/'-]", " ", text[:_BEGINNING].lower()).split())
    found = {name: match.start() for name, pattern in _PATTERNS.items() if (match := pattern.search(flat))}
    return min(found, key=lambda name: found[name]) if found else None
