"""What the files of app stores for home servers say outright: the main service, its page's port, names and links.

- umbrelOS: umbrel-app.yml and exports.sh beside the compose file, and the service app_proxy
- CasaOS: x-casaos in the compose file
- Runtipi: config.json beside it, and x-runtipi or docker-compose.json
- Coolify: comments at the top, and variables such as SERVICE_URL_NAME_3000
"""

from pathlib import Path

from startos_wrapper.files.compose import ComposeFile
from startos_wrapper.new.upstream.casaos_app import read_casaos
from startos_wrapper.new.upstream.coolify_app import read_coolify
from startos_wrapper.new.upstream.facts import AppStore
from startos_wrapper.new.upstream.runtipi_app import read_runtipi
from startos_wrapper.new.upstream.umbrel_app import read_umbrel


def read_app_store(folder: Path, compose: ComposeFile) -> AppStore | None:
    """Return what the app store says that a compose file is for, or None if it's for none that we know.

    `folder` is the one that the path of the compose file is relative to.
    """
    return (
        read_umbrel(folder, compose) or read_casaos(compose) or read_runtipi(folder, compose) or read_coolify(compose)
    )
