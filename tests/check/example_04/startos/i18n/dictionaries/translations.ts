import { LangDict } from './default'

export default {
  es_ES: {
    0: 'Interfaz web',
    1: 'La interfaz web está lista',
    2: 'La interfaz web no está lista',
  },
  de_DE: {
    0: 'Weboberfläche',
    1: 'Die Weboberfläche ist bereit',
    2: 'Die Weboberfläche ist nicht bereit',
  },
  pl_PL: {
    0: 'Interfejs webowy',
    1: 'Interfejs webowy jest gotowy',
    2: 'Interfejs webowy nie jest gotowy',
  },
  fr_FR: {
    0: 'Interface web',
    1: "L'interface web est prête",
    2: "L'interface web n'est pas prête",
  },
} satisfies Record<string, LangDict>
