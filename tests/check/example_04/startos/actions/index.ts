import { sdk } from '../sdk'
import { version } from './version'

export const actions = sdk.Actions.of().addAction(version)
