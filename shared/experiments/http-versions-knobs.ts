/** The knobs of `http-versions`: the path, the page, and the credit of a connection. */
import type { ExperimentInput } from '../experiment.ts'
import { QUIC_KNOBS } from './quic-knobs.ts'
import { PATH_KNOBS } from './web.ts'

export const PAGE = 'apps.site.resources./'
/** What the server may send on all streams together: HTTP/2's own, and QUIC's. */
export const CONNECTION_WINDOW = 'apps.browser.http2.connectionWindow'
const MAX_DATA = 'hosts.client.quic.maxData'
/** RFC 9113 6.9.2. */
export const INITIAL_WINDOW = 65_535

export const KNOBS: ExperimentInput['knobs'] = [
  ...PATH_KNOBS,
  {
    id: 'objects',
    label: { en: 'Objects of the page', zh: '页面的对象数' },
    group: 'http',
    paths: [`${PAGE}.objects`],
    kind: 'number',
    unit: 'count',
    min: 1,
    max: 500,
    step: 1,
  },
  {
    id: 'object-size',
    label: { en: 'Size of an object', zh: '对象大小' },
    hint: {
      en: 'The smaller the objects, the more of the time is round trips; the larger, the more is the link. Above 16,384 bytes HTTP/2 mixes the objects, frame by frame, and HTTP/3 does not.',
      zh: '对象越小，时间越多地花在往返上；对象越大，越多地花在链路上。超过 16384 字节，HTTP/2 就按帧交错发送各个对象，HTTP/3 则不会。',
    },
    group: 'http',
    paths: [`${PAGE}.objectSize`],
    kind: 'number',
    unit: 'B',
    min: 100,
    max: 200_000,
    scale: 'log',
  },
  {
    id: 'connection-window',
    label: { en: 'Connection credit of HTTP/2 and HTTP/3', zh: 'HTTP/2 与 HTTP/3 的连接额度' },
    hint: {
      en: 'What the server may send on all streams together before the client gives it more. Very large, and the queue runs over.',
      zh: '客户端再次授权之前，服务器在所有流上合计可发的字节数。设得很大，队列就会溢出。',
    },
    group: 'http',
    paths: [CONNECTION_WINDOW, MAX_DATA],
    kind: 'number',
    unit: 'B',
    min: INITIAL_WINDOW,
    max: 16_777_216,
    scale: 'log',
  },
  QUIC_KNOBS.congestion,
]
