"""`source`: a fixed ref that the Dockerfile fetches, or a submodule, both from a local git server."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.engine import Engine
from tests.images.wrappers import Wrappers
from tests.support.limits import until

# Programs with a single, vendored dependency. They serve a page with the dependency's text.
GO = {
    "go.mod": "module example.com/hello\n\ngo 1.22\n\nrequire example.com/words v1.0.0\n",
    "main.go": """package main

import (
	"fmt"
	"net/http"

	"example.com/words"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, words.Hello) })
	panic(http.ListenAndServe(":8080", nil))
}
""",
    "vendor/modules.txt": "# example.com/words v1.0.0\n## explicit; go 1.22\nexample.com/words\n",
    "vendor/example.com/words/words.go": 'package words\n\nconst Hello = "hello from upstream"\n',
}
RUST = {
    "Cargo.toml": '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\nwords = "1"\n',
    "src/main.rs": """use std::io::{Read, Write};

fn main() {
    for stream in std::net::TcpListener::bind("0.0.0.0:8080").unwrap().incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = write!(stream, "HTTP/1.0 200 OK\\r\\n\\r\\n{}", words::HELLO);
    }
}
""",
    ".cargo/config.toml": '[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "vendor"\n',
    "vendor/words/Cargo.toml": '[package]\nname = "words"\nversion = "1.0.0"\nedition = "2021"\n',
    "vendor/words/src/lib.rs": 'pub const HELLO: &str = "hello from upstream";\n',
    "vendor/words/.cargo-checksum.json": json.dumps({"files": {}}),
}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A git server with both programs: v1.0.0 works, and the commit after it doesn't compile."""
    folder = tmp_path_factory.mktemp("git")
    for name, files in (("golang", GO), ("rust", RUST)):
        repository = folder / name
        for path, text in files.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(text)
        if name == "rust":
            subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=repository, check=True, capture_output=True)
        _git(repository, "init", "-q")
        _git(repository, "add", "--force", ".")
        _git(repository, "commit", "-qm", "good")
        _git(repository, "tag", "v1.0.0")
        for source in (*repository.glob("main.go"), *repository.glob("src/main.rs")):
            source.write_text("broken\n")
        _git(repository, "commit", "-qam", "broken")
    with socket.socket() as probe:
        probe.bind((engine.gateway, 0))
        port = probe.getsockname()[1]
    command = ["git", "daemon", "--export-all", f"--listen={engine.gateway}", f"--port={port}", f"--base-path={folder}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as git:
        address = f"git://{engine.gateway}:{port}"
        until(lambda: subprocess.run(["git", "ls-remote", f"{address}/rust"], capture_output=True).returncode == 0)
        yield address
        # `git daemon` starts a child process, which must be stopped too.
        subprocess.run(["pkill", "--session", str(git.pid)], check=False)


@pytest.mark.parametrize("base", ["golang", "rust"])
def test_a_fixed_ref_is_fetched_built_and_run(wrappers: Wrappers, server: str, base: str, tmp_path: Path) -> None:
    wrapper = wrappers.new({
        "base": base, "source": "upstream", "upstream_repo": f"{server}/{base}", "upstream_ref": "v1.0.0", "run": "hello",
        "arches": ["aarch64", "x86_64"],
    })  # fmt: skip
    wrapper.make("images")
    for arch in ("aarch64", "x86_64"):
        container = wrapper.start(arch, tmp_path)
        assert container.page() == "hello from upstream"
        assert container.health(1000) == 0
        container.stop()
        container.remove()


@pytest.mark.parametrize("base", ["golang", "rust"])
def test_a_submodule_is_built_and_run(wrappers: Wrappers, server: str, base: str, tmp_path: Path) -> None:
    """This also copies a file from another image."""
    wrapper = wrappers.new({
        "base": base, "source": "submodule", "submodule": "hello", "upstream_repo": f"{server}/{base}", "run": "hello",
        "arches": ["aarch64", "x86_64"], "copies": {"alpine:3.24.1": {"/bin/busybox": "/opt/busybox"}},
    })  # fmt: skip
    refused = wrapper.make("images", check=False)
    assert refused.returncode != 0
    assert "the submodule hello is missing: README.md says how to get it" in refused.stderr
    _git(wrapper.folder, "submodule", "add", "-q", f"{server}/{base}", "hello")
    _git(wrapper.folder / "hello", "checkout", "-q", "v1.0.0")
    _git(wrapper.folder, "add", "hello")
    wrapper.make("images")
    for arch in ("aarch64", "x86_64"):
        container = wrapper.start(arch, tmp_path)
        assert container.page() == "hello from upstream"
        assert container.execute("/opt/busybox", "true").returncode == 0
        container.remove()
    # Changes in the submodule trigger a build.
    assert wrapper.make("--question", "images", check=False).returncode == 0
    (wrapper.folder / "hello" / "README.md").write_text("changed\n")
    assert wrapper.make("--question", "images", check=False).returncode == 1


def test_a_ref_that_is_not_there_is_named(wrappers: Wrappers, server: str) -> None:
    wrapper = wrappers.new({
        "source": "upstream", "upstream_repo": f"{server}/golang", "upstream_ref": "v9.9.9", "run": "hello",
        "arches": ["x86_64"],
    })  # fmt: skip
    result = wrapper.make("images", check=False)
    assert result.returncode != 0
    assert "v9.9.9" in result.stderr
    assert not wrapper.tar("x86_64").exists()
