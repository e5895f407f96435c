import { IMPOSSIBLE, VersionInfo } from '@start9labs/start-sdk'

export const current = VersionInfo.of({
  version: '1.2.3:5',
  releaseNotes: { en_US: 'Runs on StartOS 0.4' },
  migrations: { up: async () => {}, down: IMPOSSIBLE },
})
