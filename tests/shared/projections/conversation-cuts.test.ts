/** The projections of TLS and HTTP do not depend on how the events were cut into batches. */
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { CacheDecisions } from '../../../shared/projections/cache.ts'
import { CertificateChains } from '../../../shared/projections/certificates.ts'
import { HeaderBlocks } from '../../../shared/projections/hpack.ts'
import { KeySchedules } from '../../../shared/projections/keys.ts'
import { TlsConversations } from '../../../shared/projections/tls.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { captureTls } from '../../support/tls-capture.ts'
import { createCertificates } from '../../support/tls-certificates.ts'
import { TlsTracer } from '../../support/tls-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const maker = new TraceMaker().pair()
let count = 0
beforeAll(async () => {
  const certificates = await createCertificates()
  const { crossed, keyLog } = await captureTls({ certificates, data: Uint8Array.of(1, 2, 3) })
  new TlsTracer(maker, { keyLog }).trace(crossed)
  const at = { node: 'client', flow: FLOW }
  const change = { what: 'insert', name: 'a', value: 'b', entries: 1, size: 34, limit: 4096 }
  const block = {
    ...{ version: 'h2', part: 'request', offset: 0, length: 9, uncompressed: 40, method: 'GET', target: '/' },
    ...{ status: 0, fields: '[["a","b","literal_indexed",5,0]]', end: true },
  }
  const wanted = { request: 1, method: 'GET', url: 'http://server.lab/', initiator: 0, attempt: 1 }
  for (let i = 1; i <= 5; i++) {
    maker.add(1e6 + i, 'http:request_queued', { ...wanted, request: i }, at)
    maker.add(1e6 + i, 'http:cache_decided', { request: i, step: 'stored', answer: 'no', detail: '' }, at)
    maker.add(1e6 + i, 'http:table_changed', { ...change, from: 'client', stream: i }, at)
    maker.add(1e6 + i, 'http:message_started', { ...block, from: 'client', exchange: i }, at)
  }
  count = maker.events.length
})

/** All that can be asked of them. */
const PROJECTIONS = {
  TlsConversations: () => {
    const projection = new TlsConversations()
    return {
      update: (store: TraceStore) => projection.update(store),
      all: () => [...projection.flows.values()],
    }
  },
  KeySchedules: () => {
    const projection = new KeySchedules()
    const all = () =>
      [...projection.flows.values()].map((one) => [one, projection.secret(one, 'EXPORTER_SECRET')])
    return { update: (store: TraceStore) => projection.update(store), all }
  },
  CertificateChains: () => {
    const projection = new CertificateChains()
    return { update: (store: TraceStore) => projection.update(store), all: () => projection.all() }
  },
  HeaderBlocks: () => {
    const projection = new HeaderBlocks()
    return {
      update: (store: TraceStore) => projection.update(store),
      all: () => [...projection.flows.values()],
    }
  },
  CacheDecisions: () => {
    const projection = new CacheDecisions()
    return { update: (store: TraceStore) => projection.update(store), all: () => projection.of('') }
  },
}

test.each(Object.entries(PROJECTIONS))('%s', (_, make) => {
  const whole = make()
  whole.update(maker.store())
  expect(whole.all().length).toBeGreaterThan(0)
  const cut = fc.array(fc.nat(count), { maxLength: 12 })
  fc.assert(
    fc.property(cut, (cuts) => {
      const store = new TraceStore()
      const parts = make()
      for (const batch of maker.batches(cuts)) {
        expect(store.append(batch)).toBeUndefined()
        parts.update(store)
      }
      parts.update(store)
      expect(parts.all()).toEqual(whole.all())
    }),
    { numRuns: process.env.REXMIT_FULL === '1' ? 500 : 25 },
  )
})
