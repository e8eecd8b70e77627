import { describe, expect, test } from 'vitest'
import { EARLY, keysUnder, STAGES } from '../../../renderer/views/keys/schedule13.ts'
import type { RecordKeys } from '../../../shared/projections/keys.ts'

const keys = (label: string, generation: number): RecordKeys => ({
  from: 'client',
  epoch: 'application',
  generation,
  label,
  secret: '',
  key: '',
  iv: '',
  t: 0,
  pkt: 1,
  offset: 0,
  records: 0,
  bytes: 0,
})
const branches = STAGES.flatMap((stage) => stage.branches)
const branch = (name: string) => branches.find((one) => one.name === name)!

describe('the key schedule of TLS 1.3', () => {
  test('has the secrets of RFC 8446 7.1, each at its stage', () => {
    expect(STAGES.map(({ name }) => name)).toEqual(['Early Secret', 'Handshake Secret', 'Master Secret'])
    expect(branches.map(({ label }) => label)).toEqual([
      'c e traffic',
      'c hs traffic',
      's hs traffic',
      'c ap traffic',
      's ap traffic',
      'exp master',
      'res master',
    ])
  })

  test('puts keys under the secret that they come from, those after a KeyUpdate too', () => {
    const all = [keys('CLIENT_TRAFFIC_SECRET_0', 0), keys(EARLY, 0), keys('CLIENT_TRAFFIC_SECRET_0', 1)]
    const found = keysUnder(all, branch('client_application_traffic_secret_0'))
    expect(found.map(({ generation }) => generation)).toEqual([0, 1])
    expect(keysUnder([keys('', 0)], branch('resumption_master_secret'))).toEqual([])
  })
})
