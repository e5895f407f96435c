// Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
// i18n('...') returns a text of dictionaries/default.ts in the language of the server.
import { setupI18n } from '@start9labs/start-sdk'
import defaultDict, { DEFAULT_LANG } from './dictionaries/default'
import translations from './dictionaries/translations'

export const i18n = setupI18n(defaultDict, translations, DEFAULT_LANG)
