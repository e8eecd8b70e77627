/** Every packet that the library mqtt-packet writes, we read as it was meant. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPacket } from '../../../../../electron/protocol/wire/mqtt/packet.ts'
import type { MqttLevel } from '../../../../../electron/protocol/wire/mqtt/rules.ts'
import { RUNS } from '../../../../support/packets.ts'
import {
  arbitraryPacket,
  asLibrary,
  generate,
  parseByLibrary,
  plain,
} from '../../../../support/mqtt-packets.ts'

describe.each<[string, MqttLevel]>([
  ['MQTT 3.1', 3],
  ['MQTT 3.1.1', 4],
  ['MQTT 5', 5],
])('%s', (_, level) => {
  it('has the values that the library wrote, and reads again', () => {
    fc.assert(
      fc.property(arbitraryPacket(level), (packet) => {
        const bytes = generate(packet, level)
        const { packet: ours, breach } = readPacket(bytes, { level })
        expect(breach).toBeUndefined()
        const {
          packets: [theirs],
        } = parseByLibrary(bytes, level)
        expect(asLibrary(ours!, level)).toEqual(plain(theirs))
      }),
      { numRuns: RUNS },
    )
  })
})
