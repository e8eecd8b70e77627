/** The knobs of `url-journey`: delays and losses of its lines, and what concerns names. */
import type { ExperimentInput } from '../experiment.ts'
import { LINK_KNOBS } from './link-knobs.ts'

/** The record that says where the site is. */
export const RECORD = 'apps.names.records.0'
export const CACHE = 'apps.browser.lookup.resolver.cache'
/** What it takes the DNS server to find an answer. */
export const SERVER_DELAY = 'apps.names.delay'
/** Numbers of frames that are lost on their way to the DNS server. */
export const QUERY_LOST = 'links.names.up.drop'

/** A setting of both directions of a line. */
export const ofLine = (line: string, setting: string): string[] =>
  (['up', 'down'] as const).map((way) => `links.${line}.${way}.${setting}`)

export const KNOBS: ExperimentInput['knobs'] = [
  {
    ...LINK_KNOBS.delay,
    id: 'internet-delay',
    label: { en: 'One-way delay of the long line', zh: '长线路的单向时延' },
    hint: {
      en: 'Between the two routers. The site is behind it, the DNS server is not.',
      zh: '两台路由器之间。网站在线路那头，DNS 服务器不在。',
    },
    paths: ofLine('internet', 'delay'),
  },
  {
    ...LINK_KNOBS.delay,
    id: 'names-delay',
    label: { en: 'One-way delay to the DNS server', zh: '到 DNS 服务器的单向时延' },
    hint: {
      en: 'From the router next to the client.',
      zh: '从客户端旁边的路由器算起。',
    },
    paths: ofLine('names', 'delay'),
  },
  {
    ...LINK_KNOBS.loss,
    label: { en: 'Loss on the long line', zh: '长线路的丢包率' },
    paths: ofLine('internet', 'loss.rate'),
  },
  {
    id: 'ttl',
    label: { en: 'TTL of the address, in seconds', zh: '地址记录的 TTL（秒）' },
    hint: {
      en: 'For so long the client keeps the answer. The second visit comes after four seconds.',
      zh: '客户端把答案保存这么久。第二次访问在四秒之后。',
    },
    group: 'dns',
    paths: [`${RECORD}.ttl`],
    kind: 'number',
    unit: '',
    min: 0,
    max: 86_400,
    step: 1,
  },
  {
    id: 'cache',
    label: { en: 'Keep answers', zh: '保存查询结果' },
    group: 'dns',
    paths: [CACHE],
    kind: 'switch',
  },
  {
    id: 'query-lost',
    label: { en: 'Lost on the way to the DNS server', zh: '在去 DNS 服务器的路上丢失' },
    hint: {
      en: 'The first frame on this line is the router’s ARP request, the second the query.',
      zh: '这条线路上的第 1 帧是路由器的 ARP 请求，第 2 帧是询问。',
    },
    group: 'dns',
    paths: [QUERY_LOST],
    kind: 'choice',
    options: [
      { value: [], label: { en: 'nothing', zh: '不丢' } },
      { value: [2], label: { en: 'the first query', zh: '第一个询问' } },
      { value: [2, 3], label: { en: 'the first two queries', zh: '前两个询问' } },
    ],
  },
  {
    id: 'addresses',
    label: { en: 'Addresses of the name', zh: '名字对应的地址数' },
    hint: {
      en: 'The first is the site’s. From about 70 the answer no longer fits into the 1,232 bytes that both sides are ready for, and TCP has to carry it.',
      zh: '第一个是网站的地址。到 70 个左右，答案就超出双方约定的 1232 字节，得改由 TCP 传送。',
    },
    group: 'dns',
    paths: [`${RECORD}.times`],
    kind: 'number',
    unit: 'count',
    min: 1,
    max: 200,
    step: 1,
  },
  {
    id: 'dns-delay',
    label: { en: 'Time that the DNS server takes', zh: 'DNS 服务器的处理时间' },
    hint: {
      en: 'As if it had to ask others first.',
      zh: '好比它还得先去问别人。',
    },
    group: 'dns',
    paths: [SERVER_DELAY],
    kind: 'number',
    unit: 'us',
    min: 0,
    max: 2_000_000,
    step: 1_000,
    live: true,
  },
]
