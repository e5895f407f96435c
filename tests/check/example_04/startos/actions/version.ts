import { i18n } from '../i18n'
import { sdk } from '../sdk'

export const version = sdk.Action.withoutInput(
  'version',
  async () => ({
    name: i18n('Web Interface'),
    description: i18n('The web interface is ready'),
    warning: null,
    allowedStatuses: 'any',
    group: null,
    visibility: 'enabled',
  }),
  async () => ({
    version: '1',
    title: 'Version',
    message: null,
    result: { type: 'single', value: '1.2.3', copyable: false, masked: false, qr: false },
  }),
)
