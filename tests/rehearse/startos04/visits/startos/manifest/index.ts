import { setupManifest } from '@start9labs/start-sdk'

export const manifest = setupManifest({
  id: 'visits',
  title: 'Visits',
  license: 'MIT',
  packageRepo: 'https://example.com/visits-startos',
  upstreamRepo: 'https://example.com/visits',
  marketingUrl: 'https://example.com',
  donationUrl: null,
  description: {
    short: { en_US: 'Counts visits' },
    long: { en_US: 'Counts visits to a page' },
  },
  volumes: ['main', 'logs'],
  images: { main: { source: { dockerBuild: {} }, arch: ['x86_64', 'aarch64'] } },
  dependencies: {
    other: { description: 'Has a list', optional: true, s9pk: null },
  },
})
