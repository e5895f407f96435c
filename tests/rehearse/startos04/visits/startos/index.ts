import { buildManifest, FileHelper, IMPOSSIBLE, StartSdk, VersionGraph, VersionInfo, z } from '@start9labs/start-sdk'
import { manifest as sdkManifest } from './manifest'

const sdk = StartSdk.of().withManifest(sdkManifest).build(true)
const { InputSpec, Value } = sdk
const port = 8080

const settingsFile = FileHelper.json(
  { base: sdk.volumes.main, subpath: 'start9/config.json' },
  z.looseObject({ greeting: z.string(), password: z.string().optional().catch(undefined) }),
)
const form = InputSpec.of({
  greeting: Value.text({ name: 'Greeting', required: true, default: 'hello', patterns: [] }),
  password: Value.text({
    name: 'Password',
    required: true,
    default: { charset: 'a-z,0-9', len: 12 },
    masked: true,
  }),
})

const current = VersionInfo.of({
  version: '1.2.3:5',
  releaseNotes: { en_US: 'The first' },
  migrations: {
    up: async () => {
      const old = await sdk.volumes.main.readFile('start9/config.json').catch(() => null)
      if (old && !JSON.parse(String(old)).greeting) throw new Error('start9/config.json has no greeting')
      await sdk.volumes.main.writeFile('migrated', 'from 0.3.5')
    },
    down: IMPOSSIBLE,
  },
})
const versions = VersionGraph.of({ current, other: [] })

const configAction = sdk.Action.withInput(
  'config',
  async () => ({
    name: 'Settings',
    description: 'All settings',
    warning: null,
    allowedStatuses: 'any' as const,
    group: null,
    visibility: 'enabled' as const,
  }),
  form,
  async () => settingsFile.read().once(),
  async ({ effects, input }) => {
    await settingsFile.merge(effects, input)
  },
)
const countAction = sdk.Action.withoutInput(
  'count',
  async () => ({
    name: 'Count',
    description: 'Counts the visits',
    warning: null,
    allowedStatuses: 'only-running' as const,
    group: null,
    visibility: 'enabled' as const,
  }),
  async ({ effects }) =>
    sdk.SubContainer.withTemp(effects, { imageId: 'main' }, mounts, 'count', async sub => {
      const { stdout } = await sub.execFail(['cat', '/data/visits'])
      return {
        version: '1' as const,
        title: 'Visits',
        message: null,
        result: { type: 'single' as const, value: String(stdout).trim(), copyable: false, qr: false, masked: false },
      }
    }),
)

const mounts = sdk.Mounts.of()
  .mountVolume({ volumeId: 'main', subpath: null, mountpoint: '/data', readonly: false })
  .mountVolume({ volumeId: 'logs', subpath: 'web', mountpoint: '/var/log/web', readonly: false })
  .mountAssets({ subpath: 'web', mountpoint: '/assets' })
  .mountDependency({ dependencyId: 'other', volumeId: 'main', subpath: null, mountpoint: '/other', readonly: true })

const actions = sdk.Actions.of().addAction(configAction).addAction(countAction)
const setTask = sdk.setupOnInit(async effects => {
  if (!(await settingsFile.read().const(effects)))
    await sdk.action.createOwnTask(effects, configAction, 'critical', { reason: 'The service needs a greeting' })
})
const setInterfaces = sdk.setupInterfaces(async ({ effects }) => {
  const origin = await sdk.MultiHost.of(effects, 'main').bindPort(port, { protocol: 'http' })
  const web = sdk.createInterface(effects, {
    id: 'main',
    name: 'Web UI',
    description: 'The page',
    type: 'ui',
    masked: false,
    schemeOverride: null,
    username: null,
    path: '',
    query: {},
  })
  return [await origin.export([web])]
})
const { createBackup, restoreInit } = sdk.setupBackups(async () => sdk.Backups.ofVolumes('main', 'logs'))

export { createBackup, actions }
export const main = sdk.setupMain(async ({ effects }) => {
  const settings = await settingsFile.read().const(effects)
  const subcontainer = sdk.SubContainer.of(effects, { imageId: 'main' }, mounts, 'visits-sub')
  return sdk.Daemons.of(effects)
    .addOneshot('prepare', {
      subcontainer,
      exec: { command: ['sh', '-c', 'mkdir -p /data/www && echo 0 >>/data/visits && cp /assets/greeting /data/www/'] },
      requires: [],
    })
    .addDaemon('main', {
      subcontainer,
      exec: { command: sdk.useEntrypoint(), env: { GREETING: settings?.greeting ?? '' }, sigtermTimeout: 3000 },
      ready: {
        display: 'Web Interface',
        gracePeriod: 3000,
        fn: () =>
          sdk.healthCheck.checkPortListening(effects, port, {
            successMessage: 'The page is ready',
            errorMessage: 'The page is not ready',
          }),
      },
      requires: ['prepare'],
    })
    .addHealthCheck('files', {
      ready: {
        display: 'Files',
        fn: () =>
          sdk.healthCheck.runHealthScript(['test', '-s', '/data/visits'], subcontainer, {
            message: () => 'all there',
          }),
      },
      requires: ['main'],
    })
})
export const init = sdk.setupInit(restoreInit, versions, setInterfaces, actions, setTask)
export const uninit = sdk.setupUninit(versions)
export const manifest = buildManifest(versions, sdkManifest)
