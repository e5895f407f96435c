export const short = {
  en_US: 'A sky in your browser',
  es_ES: 'Un cielo en tu navegador',
  de_DE: 'Ein Himmel im Browser',
  pl_PL: 'Niebo w przeglądarce',
  fr_FR: 'Un ciel dans votre navigateur',
}

export const long = {
  en_US: 'Hello Sky shows the sky.',
  es_ES: 'Hello Sky muestra el cielo.',
  de_DE: 'Hello Sky zeigt den Himmel.',
  pl_PL: 'Hello Sky pokazuje niebo.',
  fr_FR: 'Hello Sky montre le ciel.',
}
