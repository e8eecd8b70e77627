import cache from './cache.ts'
import certificates from './certificates.ts'
import hpack from './hpack.ts'
import keys from './keys.ts'
import tls from './tls.ts'

/** Words of the views of TLS, header compression and caching. */
export default {
  hpack,
  tls,
  keys,
  certificates,
  cache,
}
