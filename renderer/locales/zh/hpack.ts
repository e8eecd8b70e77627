import type en from '../en/hpack.ts'

/** 首部压缩的文字，用语依照 RFC 7541。 */
export default {
  title: 'HPACK',
  label: '首部块及解读它们所用的动态表',
  empty: '使用 HTTP/2 后显示首部块。',
  blocks: '首部块',
  hits: '整个字段来自静态表 {static} 个，动态表 {dynamic} 个；字面 {literal} 个',
  block: '流 {stream}：HTTP/1.1 需 {before}，线路上 {after}，减少 {share}',
  fields: '首部块的字段',
  field: '字段',
  form_title: '表示方式',
  before: 'HTTP/1.1（B）',
  after: 'HPACK（B）',
  static: '静态',
  dynamic: '动态',
  huffman: '哈夫曼',
  short: {
    indexed: '索引',
    literal_indexed: '字面，加入索引',
    literal: '字面',
    literal_never_indexed: '字面，永不索引',
  },
  form: {
    indexed: '索引字段：一个数字代表名称和值（RFC 7541 6.1）。',
    literal_indexed: '带增量索引的字面字段：加入动态表，供下次使用（6.2.1）。',
    literal: '不索引的字面字段：不改动表（6.2.2）。',
    literal_never_indexed: '永不索引的字面字段：途中的代理也不得放进表里，以免被猜出（6.2.3）。',
  },
  table: { client: '请求的动态表', server: '响应的动态表' },
  table_empty: '空：还没有字段加入索引。',
  evicted: '被驱逐',
  more: '另有 {count} 项',
} satisfies typeof en
