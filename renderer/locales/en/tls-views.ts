import certificates from './certificates.ts'
import keys from './keys.ts'
import tls from './tls.ts'

/** Words of the views of TLS, header compression and caching. */
export default {
  hpack: {
    title: 'HPACK',
    label: 'Header blocks and the dynamic tables that they are read with',
    empty: 'Header blocks show once HTTP/2 is spoken.',
  },
  tls,
  keys,
  certificates,
  cache: {
    title: 'Cache',
    label: 'The way of each request through the cache',
    empty: 'Decisions show once a client with a cache wants something.',
  },
}
