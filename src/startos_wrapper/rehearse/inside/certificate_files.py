"""Write an interface's certificate and key as StartOS does: by its own CA, for P-256. S/net/ssl.rs:155-171"""

import ipaddress
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from startos_wrapper.rehearse.inside.checksums import volume as folder_of

_AUTHORITY = Path("/var/lib/startos-ca")
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_AUTHORITY_EXTENSIONS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
_NAME = re.compile(r"[A-Za-z0-9.:-]+")
_LOCK = threading.Lock()


def write(volume: str, interface: str, names: Iterable[str]) -> None:
    """Write `INTERFACE.key.pem` (PKCS#8) and `INTERFACE.cert.pem` (leaf, intermediate, root).

    The files are written in place, as a service may have them open.
    """
    names = list(names)
    if not all(map(_NAME.fullmatch, [interface, *names])):
        raise ValueError(f"not a name for a certificate: {interface} {names}")
    target = folder_of(volume)
    with _LOCK, tempfile.TemporaryDirectory() as temporary:
        if not _AUTHORITY.exists():
            _authority()
        key, leaf = Path(temporary, "leaf.key"), Path(temporary, "leaf.pem")
        _sign(key, leaf, names[0] if names else interface, _AUTHORITY / "intermediate", _leaf_extensions(names))
        chain = leaf.read_text() + "".join(
            (_AUTHORITY / f"{name}.pem").read_text() for name in ("intermediate", "root")
        )
        for name, text in ((f"{interface}.key.pem", key.read_text()), (f"{interface}.cert.pem", chain)):
            (target / name).write_text(text)
            (target / name).chmod(0o644)


def _leaf_extensions(names: Iterable[str]) -> str:
    alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    return f"basicConstraints=critical,CA:FALSE\n{f'subjectAltName={alternatives}' if alternatives else ''}\n"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _authority() -> None:
    _AUTHORITY.mkdir(parents=True)
    root, intermediate = _AUTHORITY / "root", _AUTHORITY / "intermediate"
    subject = ("-subj", "/CN=Rehearsal root CA", "-days", "3650")
    _openssl("req", "-x509", *_KEY, *subject, "-keyout", f"{root}.key", "-out", f"{root}.pem")
    _sign(
        Path(f"{intermediate}.key"),
        Path(f"{intermediate}.pem"),
        "Rehearsal intermediate CA",
        root,
        _AUTHORITY_EXTENSIONS,
    )


def _sign(key: Path, certificate: Path, name: str, authority: Path, extensions: str) -> None:
    request, file = certificate.with_suffix(".csr"), certificate.with_suffix(".ext")
    file.write_text(extensions)
    _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
    _openssl(
        "x509", "-req", "-days", "365", "-in", str(request), "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
        "-CAcreateserial", "-extfile", str(file), "-out", str(certificate),
    )  # fmt: skip


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"openssl {arguments[0]}: {done.stderr.strip()}")
