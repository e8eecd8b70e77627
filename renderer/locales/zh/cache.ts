import type en from '../en/cache.ts'

/** 缓存决策树的文字，用语依照 RFC 9111。 */
export default {
  title: '缓存',
  label: '每个请求经过缓存的路径',
  empty: '带缓存的客户端发起请求后显示决策过程。',
  none: '没有询问缓存：客户端没有缓存，或缓存不回答这种方法。',
  requests: '请求',
  tree: '缓存的决策',
  saved: '节省 {bytes} 和 {trips} 个往返：{requests} 个请求中 {cache} 个来自缓存，{validated} 个经过验证',
  cost: '内容 {content}，其中 {encoded} 经过网络，用时 {span}',
  yes: '是',
  no: '否',
  outcome: {
    cache: '来自缓存',
    validated: '已验证（304）',
    fetched: '重新获取',
    failed: '失败',
    pending: '进行中',
  },
  question: {
    stored: '存有响应吗？',
    lifetime: '新鲜期多长？以最先给出的为准',
    fresh: '是否新鲜：年龄小于新鲜期？',
    validator: '有验证器可用来询问它是否仍有效吗？',
    not_modified: '已询问服务器：304 Not Modified？',
    no_store: '完整响应：no-store 禁止存储吗？',
  },
  part: {
    max_age: 'max-age',
    expires: 'Expires 字段',
    heuristic: '启发式',
    etag: 'ETag 字段',
    last_modified: 'Last-Modified 字段',
  },
  leaf: {
    fetch: '获取完整响应',
    use: '直接使用：网络上没有任何传输',
    refresh: '更新后使用：只传输了首部字段',
    not_kept: '不存储',
    kept: '存储，供下次使用',
  },
} satisfies typeof en
