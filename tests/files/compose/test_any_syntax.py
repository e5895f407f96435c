"""Any mix of short and long syntax, quotes, anchors and variables gives the facts that were written."""

import tempfile
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from startos_wrapper.files.compose import Service, read_compose
from tests.files.compose.written import Facts, MountFact, PortFact, Writer, any_facts, env_text


def read_facts(service: Service) -> Facts:
    """Return what was read in the form of what was written."""
    return Facts(
        service.image.value if service.image else "",
        [
            PortFact(port.target or 0, port.last_target, port.protocol, port.published, port.host)
            for port in service.ports
        ],
        [
            MountFact(mount.kind, mount.source, mount.target, mount.read_only, tuple(sorted(mount.options)))
            for mount in service.mounts
        ],
        {variable.name: variable.value.value if variable.value else None for variable in service.environment},
        list(service.command.words) if service.command else None,
        dict(service.depends_on),
        {name: text.value for name, text in service.labels.items()},
    )


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_spelling_gives_the_same_facts(random: Random) -> None:
    services: dict[str, Facts] = {}
    for name in ("app", "db", "worker")[: random.randint(1, 3)]:
        services[name] = any_facts(random, list(services))
    with tempfile.TemporaryDirectory() as name:
        folder, writer = Path(name), Writer(random, {})
        (folder / "compose.yaml").write_text(writer.file(services), encoding="utf-8")
        (folder / ".env").write_text(env_text(writer.variables, random), encoding="utf-8")
        read = read_compose(folder / "compose.yaml")
    assert {name: read_facts(service) for name, service in read.services.items()} == services


def test_every_key_has_a_path_and_its_line(tmp_path: Path) -> None:
    random = Random(1)
    services: dict[str, Facts] = {}
    for number in range(20):
        services[f"s{number}"] = any_facts(random, list(services))
    writer = Writer(random, {})
    text = writer.file(services)
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    (tmp_path / ".env").write_text(env_text(writer.variables, random), encoding="utf-8")
    lines = text.splitlines()
    for path, line, _ in read_compose(tmp_path / "compose.yaml").paths():
        if isinstance(path[-1], str):
            assert path[-1] in lines[line - 1], path
