import type en from '../en/tls-views.ts'
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
  cache: { title: '缓存', label: '每个请求经过缓存的路径', empty: '带缓存的客户端发起请求后显示决策过程。' },
} satisfies typeof en
