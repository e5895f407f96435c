import { setupManifest } from '@start9labs/start-sdk'
import { long, short } from './i18n'

export const manifest = setupManifest({
  id: 'hello-sky',
  title: 'Hello Sky',
  license: 'MIT',
  packageRepo: 'https://example.com/hello-sky-startos',
  upstreamRepo: 'https://example.com/hello-sky',
  marketingUrl: 'https://example.com',
  donationUrl: null,
  description: { short, long },
  volumes: ['main'],
  images: {
    main: {
      source: { dockerBuild: {} },
      arch: ['x86_64', 'aarch64'],
    },
    cache: {
      source: { dockerTag: 'valkey/valkey:9.1.0-alpine' },
      arch: ['x86_64', 'aarch64'],
    },
  },
  dependencies: {
    lnd: { description: { en_US: 'Payments' }, optional: true, s9pk: null },
  },
})
