"""Find out whether a folder has a package for StartOS 0.4. This reads no TypeScript, so that it takes no time."""

from startos_wrapper.files.wrapper import Wrapper

SDK = "@start9labs/start-sdk"
# The manifest's file, which s9pk.mk reads too. Packages of before the SDK 1.0 have the other one.
MANIFEST = "startos/manifest/index.ts"
MANIFESTS_04 = (MANIFEST, "startos/manifest.ts")


def is_package(wrapper: Wrapper) -> bool:
    """Return whether a folder has a package for StartOS 0.4, and no wrapper for 0.3.5.

    A folder with both is one for 0.4 if its package.json has the SDK.
    """
    if not any(map(wrapper.is_file, MANIFESTS_04)):
        return False
    source = wrapper.readable("package.json")
    return wrapper.manifest_file is None or (source is not None and SDK in source.text)
