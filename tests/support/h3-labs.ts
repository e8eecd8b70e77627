/** Pages over HTTP/3, each on a way that shows something of QUIC: what exporters and tshark have to cope with. */
import type { HttpLab } from './http-lab.ts'

const PAGE = { '/': { size: 5_000, objects: 12, objectSize: 20_000, type: 'text/html', compressible: true } }

/** One way of the link. */
const WAY = { delay: 20_000, rate: { limit: 10_000_000 } }

function page(changes: Partial<HttpLab> = {}, way: object = {}): HttpLab {
  const { client, server, ...rest } = changes
  const direction = { ...WAY, ...way }
  return {
    resources: PAGE,
    requests: [{ target: '/', page: true }],
    link: { up: direction, down: direction },
    server: { versions: ['h3'], tls: {}, ...server },
    client: { version: 'h3', tls: {}, ...client },
    ...rest,
  }
}

/** Two visits, of which the second takes up the session of the first. */
const visits: Partial<HttpLab> = {
  resources: { '/': { size: 5_000 } },
  requests: [{ target: '/' }, { target: '/', at: 500_000 }],
  server: { tls: { resumption: true, earlyData: 'once' } },
  client: { reuse: false, tls: { resumption: true, earlyData: true } },
}

export const H3_LABS = {
  lossless: page(),
  'with 3 % loss': page({}, { loss: { rate: 0.03 } }),
  'with packets reordered and duplicated': page(
    {},
    {
      reorder: { rate: 0.02, gap: 3 },
      duplicate: { rate: 0.02 },
    },
  ),
  'after a Retry': page({ quic: { server: { retry: true } } }),
  'in version 2': page({ quic: { client: { version: '2' } } }),
  'after a version that nobody has': page({ quic: { client: { version: 'reserved' } } }),
  'with 0-RTT': page(visits),
  'with key updates': page({ quic: { server: { keyUpdateAfter: 40 } } }),
  'of a client that moves': page({ steps: [{ at: 200_000, set: { 'hosts.client.address': 77 } }] }),
  'with little credit': page({ quic: { client: { maxData: 30_000, maxStreamData: 9_000 } } }),
} as const satisfies Readonly<Record<string, HttpLab>>

export type H3LabName = keyof typeof H3_LABS
