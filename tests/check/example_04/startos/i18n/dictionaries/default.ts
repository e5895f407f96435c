export const DEFAULT_LANG = 'en_US'

const dict = {
  'Web Interface': 0,
  'The web interface is ready': 1,
  'The web interface is not ready': 2,
} as const

export type I18nKey = keyof typeof dict
export type LangDict = Record<(typeof dict)[I18nKey], string>
export default dict
