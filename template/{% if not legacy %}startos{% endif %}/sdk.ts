// Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
// The SDK, which only accepts the ids in the manifest.
import { StartSdk } from '@start9labs/start-sdk'
import { manifest } from './manifest'

export const sdk = StartSdk.of().withManifest(manifest).build(true)
