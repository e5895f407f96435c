"""The documentation of each rule, in `--explain` and docs/rules.md."""

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from startos_wrapper.check import rule_docs
from tests.conftest import ROOT
from tests.support.tools import require

FIRST = r"""
W601:
  name: floating-base
  title: The base image has no fixed version | or tag
  why: |
    It `changes` by itself.
  source: counted in 114 wrappers, 19 (https://example.com/c)
  fixable: true
  bad:
    without: [config, backup]
    manifest: "id: a\nalerts: {}"
    files:
      Dockerfile: "FROM alpine\n"
      Makefile: "all:\n\ttrue \x1b[31m\n"
      .gitignore: "```\n````\n"
      empty.sh: ""
      LICENSE: null
      icon.png: {size: 200000}
      icon.gif: {bytes: "fffe"}
      docker-images/x.tar: {tar: {manifest.json: "[]", layer: ""}}
      docker-images/y.tar: {image: {processor: x86_64, files: {/bin/sh: elf x86_64}}}
    modes: {docker_entrypoint.sh: "644"}
    folders: [assets/x]
    links: {here: there}
    home: {.a/b.yaml: "c: d"}
    programs: [start-sdk]
  good: {}
"""
SECOND = """
E113:
  name: not-text
  title: A value is not text
  why: StartOS takes text.
  source: core/startos/src/s9pk/manifest.rs:40
  startos: "0.4"
  bad: {manifest: "version: 1.0"}
  good: {manifest: 'version: "1.0"'}
"""
W601 = """\
# W601 floating-base

Warning. The image may fail to build now or later, or is larger or less secure than it needs to be.

The base image has no fixed version | or tag. `--fix` fixes it.

It `changes` by itself.

Source: counted in 114 wrappers, 19 (<https://example.com/c>)

Bad: `manifest.yaml` without `config`, `backup`.

Bad, in `manifest.yaml`:

```yaml
id: a
alerts: {}
```

Bad, `Dockerfile`:

```dockerfile
FROM alpine
```

Bad, `Makefile`:

```make
all:
\ttrue \\x1b[31m
```

Bad, `.gitignore`:

`````text
```
````
`````

Bad: `empty.sh` is empty.

Bad: `LICENSE` is missing.

Bad: `icon.png` has 200000 bytes.

Bad: `icon.gif` contains the bytes `fffe`.

Bad: `docker-images/x.tar` is a tar archive of `manifest.json`, `layer`.

Bad, `manifest.json` in `docker-images/x.tar`:

```json
[]
```

Bad: `layer` in `docker-images/x.tar` is empty.

Bad, the image in `docker-images/y.tar`:

```yaml
processor: x86_64
files:
  /bin/sh: elf x86_64
```

Bad: `docker_entrypoint.sh` has mode 644.

Bad: the folder `assets/x` is empty.

Bad: `here` is a symbolic link to `there`.

Bad, `~/.a/b.yaml`:

```yaml
c: d
```

Bad: installed programs: `start-sdk`.
"""


@pytest.fixture
def small_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "a.yaml").write_text(FIRST)
    (tmp_path / "b.yaml").write_text(SECOND)
    monkeypatch.setattr(rule_docs, "FOLDER", tmp_path)
    rule_docs.rule_docs.cache_clear()
    yield
    rule_docs.rule_docs.cache_clear()


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rules_page", ROOT / "docs" / "rules.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("small_docs")
def test_explain_tells_all_of_a_rule() -> None:
    assert rule_docs.explain("W601") == W601
    assert rule_docs.explain("E113").startswith("# E113 not-text\n\nError. `start-sdk pack` can't read the manifest, ")
    with pytest.raises(KeyError):
        rule_docs.explain("E999")


@pytest.mark.usefixtures("small_docs")
def test_the_page_has_a_table_and_sections_for_each_group() -> None:
    page = rule_docs.page()
    assert re.findall("^#.*", page, re.MULTILINE)[:5] == [
        "# The rules", "## Parse", "### E113 not-text", "## Dockerfile", "### W601 floating-base",
    ]  # fmt: skip
    assert "| [E113](#e113-not-text) | not-text | A value is not text | 0.4 | no |\n" in page
    assert (
        r"| [W601](#w601-floating-base) | floating-base | The base image has no fixed version \| or tag | both | yes |"
        in page
    )
    assert page.endswith(W601[W601.index("Bad:") :])


@pytest.mark.usefixtures("small_docs")
def test_the_page_passes_the_linter_whatever_the_examples_hold(tmp_path: Path) -> None:
    _lint(rule_docs.page(), tmp_path)


def _lint(text: str, folder: Path) -> None:
    (folder / "rules.md").write_text(text)
    config = ROOT / "tests" / ".markdownlint-cli2.yaml"
    command = [require("markdownlint-cli2"), "--config", str(config), "rules.md"]
    result = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_linter_reads_the_page(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="MD018"):
        _lint(rule_docs.page() + "\n#No space\n", tmp_path)


def test_no_two_rules_have_the_same_code_or_name() -> None:
    rules = rule_docs.rule_docs()
    texts = [path.read_text(encoding="utf-8") for path in rule_docs.FOLDER.glob("*.yaml")]
    assert sum(len(re.findall(r"^[EW]\d{3}:", text, re.MULTILINE)) for text in texts) == len(rules)
    assert len({rule.name for rule in rules.values()}) == len(rules)
    assert [rule.name for rule in rules.values() if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", rule.name)] == []


def test_every_rule_has_a_section_and_an_explanation() -> None:
    sections = re.findall(r"^### (\w+) ", rule_docs.page(), re.MULTILINE)
    assert sections == list(rule_docs.rule_docs())
    for code in sections:
        assert rule_docs.explain(code)


def test_the_page_of_rules_is_fresh(generator: ModuleType) -> None:
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), "run `make docs`"


def test_a_rule_alone_is_documented_as_among_all() -> None:
    every = rule_docs.rule_docs()
    assert {code: rule_docs.rule_doc(code) for code in every} == every
    with pytest.raises(KeyError):
        rule_docs.rule_doc("W5")
