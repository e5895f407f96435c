"""What `docker buildx build --output` writes.

The grammar is that of buildx, util/buildflags/export.go: fields with commas between them, or a single path.
"""

from dataclasses import dataclass

from startos_wrapper.files.word import dequoted

# The exporters that write an image to a file.
_IMAGES = {"docker", "oci"}


@dataclass(frozen=True)
class BuildOutput:
    """The value of --output: its type, and the file or folder that it writes, which is empty without one."""

    kind: str
    path: str

    @property
    def image(self) -> str | None:
        """The file with the image, or None. Standard output is `-`."""
        return self.path or None if self.kind in _IMAGES else None

    @property
    def loads(self) -> bool:
        """Whether it only loads the image into Docker, as --load does."""
        return self.kind == "docker" and not self.path

    def __str__(self) -> str:
        """Return it for a sentence."""
        if self.kind == "docker" and self.path not in ("", "-"):
            return self.path
        if self.kind == "local":
            return f"the folder {self.path}"
        return f"{self.path or 'no file'} with type={self.kind}"


def read_output(value: str) -> BuildOutput:
    """Read the value of --output. A single field is the path of a folder, unless it begins with `type=`."""
    text = dequoted(value)
    fields = [field.partition("=") for field in text.split(",")]
    if len(fields) == 1 and not text.startswith("type="):
        return BuildOutput("tar" if text == "-" else "local", text)
    given = {name.strip().lower(): value for name, _, value in fields}
    return BuildOutput(given.get("type", ""), given.get("dest", ""))
