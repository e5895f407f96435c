"""Rules about the translations of a package for StartOS 0.4."""

import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.packing import shown
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.package_04.locales import LOCALES
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.typescript.expression import Value

_FOLDER = "startos/i18n/dictionaries"
# Names stay as they are: a phrase has three words, and not only capitals.
_WORD = re.compile(r"[^\W\d_]{2,}")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


def _default(package: StartosPackage, name: str) -> Value | None:
    module = package.project.module(f"{_FOLDER}/{name}.ts")
    value = package.project.exported(module, "default") if module else None
    return value if value is not None and value.kind == "object" and value.complete else None


@checks_package("E518")
def numbers_twice(package: StartosPackage) -> Iterator[Finding]:
    """Find two texts of the dictionary with the same number: in other languages, both have one translation."""
    taken: dict[object, str] = {}
    dictionary = _default(package, "default")
    for text, value in dictionary.fields.items() if dictionary else ():
        if value.number is None:
            continue
        if (other := taken.setdefault(value.number, text)) != text:
            what = f"{shown(text)} has the number of {shown(other)}, so both have one translation"
            yield Finding("E518", value.place, what, "give it its own number, and translate it")


@checks_package("W407", "W408")
def translated(package: StartosPackage) -> Iterator[Finding]:
    """Find languages without translations, and translations that are still the English text."""
    dictionary, translations = _default(package, "default"), _default(package, "translations")
    if dictionary and dictionary.fields and translations:
        missing = [locale for locale in LOCALES[1:] if locale not in translations.fields]
        if missing:
            what = f"There is no translation for {', '.join(missing)}, so people with this language read English"
            yield Finding("W408", translations.place, what, "add the languages, each with all numbers")
        english = {str(value.number): text for text, value in dictionary.fields.items() if value.number is not None}
        same = {
            locale: sum(_is_english(text, english.get(number)) for number, text in texts.fields.items())
            for locale, texts in translations.fields.items()
        }
        most = max(same.values(), default=0)
        yield from _still_english(translations, f"{most} of {len(english)} texts are", same)
    for name in ("short", "long"):
        value = package.field("description", name)
        base = value.get("en_US") if value else None
        if value and base:
            others = {locale: each for locale, each in value.fields.items() if locale != "en_US"}
            same = {locale: _is_english(each, base.text) for locale, each in others.items()}
            yield from _still_english(value, f"The {name} description is", same)


def _still_english(value: Value, what: str, same: dict[str, int]) -> Iterator[Finding]:
    """Report the languages that have English texts, at the first of them."""
    found = [locale for locale, count in same.items() if count]
    if found:
        what += f" still English in {', '.join(map(shown, found))}"
        yield Finding("W407", value.key_place(found[0]), what, "translate the text")


def _is_english(text: Value, english: str | None) -> bool:
    return english is not None and text.text == english and _is_phrase(english)


def _is_phrase(text: str) -> bool:
    words = _WORD.findall(_PLACEHOLDER.sub(" ", text))
    return len(words) > 2 and any(word.islower() for word in words)
