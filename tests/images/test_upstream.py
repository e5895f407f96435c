"""`source`: a fixed ref that the Dockerfile fetches, or a submodule, both from a local git server."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.images.engine import Engine
from tests.images.git_server import git, serve
from tests.images.wrappers import Wrappers

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
    "Cargo.toml": '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\nwords = "1"\n\n'
    '[features]\nmore = []\n\n[[bin]]\nname = "extra"\npath = "src/extra.rs"\nrequired-features = ["more"]\n',
    "src/extra.rs": "fn main() {}\n",
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

# A service for cgo next to a tool, which embeds a file that a step before the build makes.
CGO = {
    "go.mod": "module example.com/cgo\n\ngo 1.22\n",
    "cmd/tool/main.go": "package main\n\nfunc main() {}\n",
    "cmd/hello/main.go": """package main

// #include <math.h>
// #cgo LDFLAGS: -lm
import "C"

import (
	_ "embed"
	"fmt"
	"net/http"
)

//go:embed made.txt
var made string

var edition string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s by C, %s%g", edition, made, float64(C.cbrt(27)))
	})
	panic(http.ListenAndServe(":8080", nil))
}
""",
}
# A workspace whose only service has C code, which its build script compiles with the compiler that the crate `cc` would use.
WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["server"]\nresolver = "2"\n',
    "server/Cargo.toml": '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n\n[features]\nsecond = []\n',
    "server/hello.c": "#include <math.h>\ndouble root(double x) { return cbrt(x); }\n",
    "server/build.rs": """use std::{env, process::Command};

fn main() {
    let (target, out) = (env::var("TARGET").unwrap(), env::var("OUT_DIR").unwrap());
    let compiler = env::var(format!("CC_{}", target.replace('-', "_"))).expect("no C compiler");
    let object = format!("{out}/hello.o");
    let run = |program: &str, words: &[&str]| assert!(Command::new(program).args(words).status().unwrap().success());
    run(&compiler, &["-O2", "-c", "hello.c", "-o", &object]);
    run("ar", &["crs", &format!("{out}/libhello.a"), &object]);
    println!("cargo:rustc-link-search={out}\\ncargo:rustc-link-lib=static=hello");
}
""",
    "server/src/main.rs": """use std::io::{Read, Write};

extern "C" {
    fn root(x: f64) -> f64;
}

fn main() {
    for stream in std::net::TcpListener::bind("0.0.0.0:8080").unwrap().incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let edition = if cfg!(feature = "second") { "second" } else { "first" };
        let _ = write!(stream, "HTTP/1.0 200 OK\\r\\n\\r\\n{edition} by C, {}{}", include_str!("../made.txt"), unsafe { root(27.0) });
    }
}
""",
}
# The answers for both.
WITH_C = {
    "cgo": {
        "folders": ["cmd/..."], "commands": ["hello"], "c": True,
        "prepare": "sh -c 'echo made >cmd/hello/made.txt'", "flags": ["-ldflags=-X main.edition=second -extldflags=-static"],
    },
    "workspace": {
        "folders": ["server"], "c": True, "prepare": ["touch server/made.txt", "sh -c 'echo made >server/made.txt'"],
        "flags": ["--features=second"],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A git server with both programs: v1.0.0 works, and the commit after it doesn't compile."""
    folder = tmp_path_factory.mktemp("git")
    for name, files in (("golang", GO), ("rust", RUST), ("cgo", CGO), ("workspace", WORKSPACE)):
        repository = folder / name
        for path, text in files.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(text)
        if "Cargo.toml" in files:
            subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=repository, check=True, capture_output=True)
        git(repository, "init", "-q")
        git(repository, "add", "--force", ".")
        git(repository, "commit", "-qm", "good")
        git(repository, "tag", "v1.0.0")
        for source in (*repository.rglob("main.go"), *repository.rglob("main.rs")):
            source.write_text("broken\n")
        git(repository, "commit", "-qam", "broken")
    with serve(engine, folder) as address:
        yield address


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
    git(wrapper.folder, "submodule", "add", "-q", f"{server}/{base}", "hello")
    git(wrapper.folder / "hello", "checkout", "-q", "v1.0.0")
    git(wrapper.folder, "add", "hello")
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


@pytest.mark.parametrize("name", WITH_C)
def test_c_is_compiled_for_both_processors(wrappers: Wrappers, server: str, name: str, tmp_path: Path) -> None:
    """This also builds one folder, with a flag, after a step before the build."""
    wrapper = wrappers.new({
        "base": "golang" if name == "cgo" else "rust", "source": "upstream", "upstream_repo": f"{server}/{name}",
        "upstream_ref": "v1.0.0", "run": "hello", "arches": ["aarch64", "x86_64"], "build": WITH_C[name],
    })  # fmt: skip
    wrapper.make("images")
    for arch in ("aarch64", "x86_64"):
        container = wrapper.start(arch, tmp_path)
        assert container.page().split() == ["second", "by", "C,", "made", "3"]
        assert container.execute("ls", "/usr/local/bin/").stdout.split() == ["docker_entrypoint.sh", "hello"]
        container.remove()


@pytest.mark.parametrize("name", WITH_C)
def test_a_build_that_cannot_work_names_the_answer(wrappers: Wrappers, server: str, name: str) -> None:
    wrapper = wrappers.new({
        "base": "golang" if name == "cgo" else "rust", "source": "upstream", "upstream_repo": f"{server}/{name}",
        "upstream_ref": "v1.0.0", "run": "hello", "arches": ["x86_64"],
        "build": {"folders": ["cmd/hello"]} if name == "cgo" else {},
    })  # fmt: skip
    result = wrapper.make("images", check=False)
    assert result.returncode != 0
    assert "See: startos-wrapper questions build" in result.stderr


@pytest.mark.parametrize(
    ("name", "build", "said"),
    [
        # Go leaves out a program that needs C if the folder has a pattern, and cargo one that needs a feature.
        (
            "cgo",
            {"folders": ["cmd/..."]},
            "hello isn't in the image, only: /usr/local/bin/docker_entrypoint.sh /usr/local/bin/tool",
        ),
        ("cgo", {"folders": ["cmd/..."], "commands": ["hello"]}, "The build made no command hello, only: /out/tool"),
        ("rust", {"commands": ["hello", "extra"]}, "The build made no command extra, only: /out/hello"),
    ],
)
def test_a_command_that_the_compiler_leaves_out_stops_the_build(
    wrappers: Wrappers, server: str, name: str, build: dict[str, Any], said: str
) -> None:
    wrapper = wrappers.new({
        "base": "golang" if name == "cgo" else "rust", "source": "upstream", "upstream_repo": f"{server}/{name}",
        "upstream_ref": "v1.0.0", "run": "hello", "arches": ["x86_64"], "build": build,
    })  # fmt: skip
    result = wrapper.make("images", check=False)
    assert result.returncode != 0 and said in result.stderr
    assert "Does it need C, a flag, or another folder? See: startos-wrapper questions build" in result.stderr
