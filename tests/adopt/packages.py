"""Write a small package for StartOS 0.4, in the style of hand-made ones, for the tests that change it."""

from pathlib import Path

from tests.update.releases import git

FILES = {
    "package.json": '{"name": "tides-startos", "dependencies": {"@start9labs/start-sdk": "2.0.9"}}\n',
    "icon.svg": "<svg/>\n",
    "Makefile": "include node_modules/@start9labs/start-sdk/s9pk.mk\n",
    "startos/sdk.ts": """\
import { StartSdk } from '@start9labs/start-sdk'
import { manifest } from './manifest'

export const sdk = StartSdk.of().withManifest(manifest).build(true)
""",
    "startos/utils.ts": """\
import { sdk } from './sdk'

export const uiPort = 8080
export const dataFolder = '/data'
export const uiId = 'web' as const

export const tideMounts = sdk.Mounts.of().mountVolume({
  volumeId: 'main',
  subpath: null,
  mountpoint: `${dataFolder}/tables`,
  readonly: false,
})
""",
    "startos/manifest/i18n.ts": """\
export default {
  description: {
    short: { en_US: 'Tide tables', de_DE: 'Gezeiten' },
    long: { en_US: 'Tide tables for every harbour.', de_DE: 'Gezeiten' },
  },
  moon: { en_US: 'Asks it for the phase.' },
}
""",
    "startos/manifest/index.ts": """\
import { setupManifest } from '@start9labs/start-sdk'
import i18n from './i18n'

export const manifest = setupManifest({
  id: 'tides',
  title: 'Tides',
  license: 'MIT',
  packageRepo: 'https://github.com/marina/tides-startos',
  upstreamRepo: 'https://github.com/marina/tides',
  marketingUrl: 'https://tides.example.com',
  donationUrl: null,
  description: i18n.description,
  volumes: ['main', 'startos'],
  images: {
    tides: {
      source: { dockerTag: 'example.com/marina/tides:1.4.2' },
      arch: ['x86_64', 'riscv64'],
    },
  },
  dependencies: {
    moon: { description: i18n.moon, optional: true, s9pk: null },
  },
})
""",
    "startos/versions/index.ts": """\
import { VersionGraph } from '@start9labs/start-sdk'
import { v_1_4_2_3 } from './v1.4.2_3'

export const versionGraph = VersionGraph.of({ current: v_1_4_2_3, other: [] })
""",
    "startos/versions/v1.4.2_3.ts": """\
import { VersionInfo } from '@start9labs/start-sdk'

export const v_1_4_2_3 = VersionInfo.of({
  version: '1.4.2:3',
  releaseNotes: { en_US: 'Finer tables.' },
  migrations: {},
})
""",
    "startos/main.ts": """\
import { i18n } from './i18n'
import { sdk } from './sdk'
import { tideMounts, uiPort } from './utils'

export const main = sdk.setupMain(async ({ effects }) => {
  const sub = sdk.SubContainer.of(
    effects,
    { imageId: 'tides' },
    tideMounts,
    'tides-sub',
  )
  return sdk.Daemons.of(effects).addDaemon('primary', {
    subcontainer: sub,
    exec: {
      command: sdk.useEntrypoint(),
      env: { TIDES_PORT: String(uiPort), TIDES_HARBOUR: 'Port Blue' },
    },
    ready: {
      display: i18n('Web Interface'),
      gracePeriod: 30_000,
      fn: () =>
        sdk.healthCheck.checkPortListening(effects, uiPort, {
          successMessage: i18n('Ready'),
          errorMessage: i18n('Not ready'),
        }),
    },
    requires: [],
  })
})
""",
    "startos/interfaces.ts": """\
import { i18n } from './i18n'
import { sdk } from './sdk'
import { uiId, uiPort } from './utils'

export const setInterfaces = sdk.setupInterfaces(async ({ effects }) => {
  const multi = sdk.MultiHost.of(effects, 'main')
  const origin = await multi.bindPort(uiPort, { protocol: 'http' })
  const web = sdk.createInterface(effects, {
    name: i18n('Tables'),
    id: uiId,
    description: i18n('The tide tables.'),
    type: 'ui',
    masked: false,
    schemeOverride: null,
    username: null,
    path: '',
    query: {},
  })
  return [await origin.export([web])]
})
""",
    "startos/dependencies.ts": """\
import { sdk } from './sdk'

export const setDependencies = sdk.setupDependencies(async () => ({
  moon: { kind: 'running', versionRange: '>=2.1:4 && <3', healthChecks: ['phase'] },
}))
""",
    "startos/backups.ts": """\
import { sdk } from './sdk'

export const { createBackup, restoreInit } = sdk.setupBackups(async () =>
  sdk.Backups.ofVolumes('main').setOptions({ exclude: ['/cache'] }),
)
""",
    "startos/actions/reset.ts": """\
import { sdk } from '../sdk'

export const reset = sdk.Action.withoutInput('reset', async () => ({}), async () => {})
""",
}


def write(folder: Path, changes: dict[str, str | None] | None = None) -> Path:
    """Write the package into a folder without a repository. Return the folder.

    `changes` are files with new texts, or None to leave one out.
    """
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def changed(file: str, *pairs: tuple[str, str]) -> dict[str, str | None]:
    """Return a file of the package with texts replaced, each of which must be there."""
    text = FILES[file]
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return {file: text}


def committed(folder: Path) -> Path:
    """Commit everything in a folder. Return the folder."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Package")
    return folder
