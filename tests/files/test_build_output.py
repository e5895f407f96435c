"""The options of `docker build`, and what --output writes, however they're written."""

import pytest

from startos_wrapper.files.build_output import BuildOutput, read_output
from startos_wrapper.files.builds import written_builds

_TAR = BuildOutput("docker", "a.tar")


@pytest.mark.parametrize(
    "written",
    [
        "-o type=docker,dest=a.tar", "-o=type=docker,dest=a.tar", "-otype=docker,dest=a.tar",
        "--output type=docker,dest=a.tar", "--output=type=docker,dest=a.tar", "--output dest=a.tar,type=docker",
        "-o 'type=docker,dest=a.tar'", '--output="type=docker,dest=a.tar"', '-o="dest=a.tar,type=docker"',
        '"--output=type=docker,dest=a.tar"', "-o type=docker,dest='a.tar'", '--output=type="docker",dest="a.tar"',
        """-o '"type=docker","dest=a.tar"'""", "-o type=docker,name=x,DEST=a.tar,compression=gzip",
    ],
)  # fmt: skip
def test_an_output_is_read_however_it_is_written(written: str) -> None:
    (build,) = written_builds(f"docker buildx build {written} --build-arg=X=1 -t=x .")
    assert [read_output(value) for value in build.values("--output")] == [_TAR]
    assert (build.values("--tag"), build.arguments, build.places) == (["x"], (("X", "1"),), (".",))


@pytest.mark.parametrize(
    ("value", "image", "said"),
    [
        ("type=docker,dest=a.tar", "a.tar", "a.tar"),
        ("type=oci,dest=a.tar", "a.tar", "a.tar with type=oci"),
        ("type=tar,dest=a.tar", None, "a.tar with type=tar"),
        ("type=docker,dest=-", "-", "- with type=docker"),
        ("type=docker", None, "no file with type=docker"),
        ("a.tar", None, "the folder a.tar"),
        ("dest=a.tar", None, "the folder dest=a.tar"),
        ("-", None, "- with type=tar"),
        ("type=local,dest=out", None, "the folder out"),
    ],
)
def test_only_docker_and_oci_write_an_image(value: str, image: str | None, said: str) -> None:
    output = read_output(value)
    assert (output.image, str(output)) == (image, said)
