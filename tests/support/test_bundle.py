"""Many files as one text."""

from pathlib import Path

import pytest

from tests.support.bundle import pack, unpack, write

FILES = {
    "README.md": "# Title\n\nNot at the start of a line: === x\n",
    "empty": "",
    "folder/no newline": "one\ntwo",
    "script (executable)": "#!/bin/sh\n",
    "windows": "a\r\nb\r\n",
    "newlines": "\n\n",
}  # fmt: skip


def test_files_come_back_unchanged() -> None:
    assert list(unpack(pack(FILES)).items()) == list(FILES.items())


def test_no_files_are_an_empty_text() -> None:
    assert pack({}) == ""
    assert unpack("") == {}


@pytest.mark.parametrize("text", ["=== other\n", "a\n=== b\nc\n", "a\n\\ No newline at end of file\n"])
def test_a_text_that_cannot_come_back_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="begins with"):
        pack({"name": text})


def test_files_that_differ_are_written_again(tmp_path: Path) -> None:
    bundle, folder = tmp_path / "bundle.txt", tmp_path / "folder"
    bundle.write_bytes(pack({"b/text": "b\r\n", "a/text": "a"}).encode())
    written = write(bundle, folder)
    assert written == [folder / "a" / "text", folder / "b" / "text"]
    before = written[1].stat().st_mtime_ns
    written[0].write_text("edited")
    assert write(bundle, folder) == written
    assert [path.read_bytes() for path in written] == [b"a", b"b\r\n"]
    assert written[1].stat().st_mtime_ns == before
