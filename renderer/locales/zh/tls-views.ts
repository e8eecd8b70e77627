import type en from '../en/tls-views.ts'
import cache from './cache.ts'
import certificates from './certificates.ts'
import hpack from './hpack.ts'
import keys from './keys.ts'
import tls from './tls.ts'

/** TLS、首部压缩与缓存各视图的文字。 */
export default {
  hpack,
  tls,
  keys,
  certificates,
  cache,
} satisfies typeof en
