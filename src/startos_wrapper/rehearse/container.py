"""The arguments with which StartOS creates a container. S/procedure/docker.rs:233-245, 675-747"""

from collections.abc import Sequence
from dataclasses import dataclass

from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.volumes import Mount

# What podman does and Docker doesn't: fewer capabilities, and ports below 1024 only for root.
_LIKE_PODMAN = (
    *(word for name in ("MKNOD", "NET_RAW", "AUDIT_WRITE") for word in ("--cap-drop", name)),
    *("--env", "container=podman", "--env", "TERM=xterm"),
    *("--pids-limit", "2048"),
)
# The network has them, so a container without a network can't set them.
_SYSCTLS = (
    *("--sysctl", "net.ipv4.ip_unprivileged_port_start=1024"),
    *("--sysctl", "net.ipv4.ping_group_range=0 0"),
)
_LOG = ("--log-driver", "json-file", "--log-opt", "max-size=20m", "--log-opt", "max-file=1")


@dataclass(frozen=True)
class Network:
    """The network of a rehearsal, instead of StartOS's `start9`. `embassy` is the gateway in it."""

    name: str
    gateway: str

    @classmethod
    def create(cls, docker: Docker) -> "Network":
        """Create the network. Raises: CannotError."""
        name = docker.name("network")
        docker.output("network", "create", *docker.labels, name, timeout=60)
        gateway = docker.output("network", "inspect", name, "--format", "{{(index .IPAM.Config 0).Gateway}}")
        return cls(name, gateway)

    def options(self, *aliases: str) -> list[str]:
        """Return the options that connect a container, under additional names."""
        names = [word for alias in aliases for word in ("--network-alias", alias)]
        return ["--network", self.name, *names, "--add-host", f"embassy:{self.gateway}", *_SYSCTLS]


def container_options(
    docker: Docker, procedure: Procedure, name: str, hostname: str, network: Sequence[str], mounts: Sequence[Mount]
) -> list[str]:
    """Return the options of `docker run` for a procedure. Name the container `startos-rehearsal-RUN-NAME`.

    `network` are the options for that: `Network.options()`, or `--network none` for a sandboxed procedure. The caller
    adds the image, its arguments, and `--rm`, `--detach` or `--interactive`. Raises: ValueError, see `Mount.option`.
    """
    shared = procedure.node.get("shm-size-mb")
    entrypoint = procedure.node.get("entrypoint")
    return [
        *("--name", docker.name(name), "--hostname", hostname, "--no-healthcheck"),
        *docker.labels,
        *network,
        *_LIKE_PODMAN,
        *_LOG,
        *(word for mount in mounts for word in ("--mount", mount.option)),
        *(("--shm-size", f"{shared.value}m") if shared and isinstance(shared.value, int) else ()),
        *("--entrypoint", (entrypoint and entrypoint.text) or ""),
    ]


def arguments(procedure: Procedure) -> list[str]:
    """Return the arguments of a procedure's entrypoint."""
    return [node.text for node in procedure.args if node.text is not None]
