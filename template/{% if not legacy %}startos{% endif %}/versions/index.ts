// Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
// The version of this package, and earlier ones whose data needs more than current.ts does.
import { VersionGraph } from '@start9labs/start-sdk'
import { current } from './current'

export const versionGraph = VersionGraph.of({ current, other: [] })
