import { FileHelper, z } from '@start9labs/start-sdk'
import { sdk } from '../sdk'

const shape = z.looseObject({ port: z.number() })

export const settings = FileHelper.json({ base: sdk.volumes.main, subpath: 'settings.json' }, shape)
