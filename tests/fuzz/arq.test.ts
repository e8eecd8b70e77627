/** Datagrams that are almost right before both ends of each protocol: nothing throws, nothing grows, and the transfer still comes to its end. */
import { expect, it } from 'vitest'
import { ARQ_SCHEMES } from '../../shared/arq.ts'
import { encodeArq } from '../../electron/protocol/arq/packet.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { ArqPipe } from '../support/arq-pipe.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 200_000 : 5_000
const WINDOW = 8

function anyPacket(rng: Rng): Uint8Array {
  // Of another transfer mostly: forged data of this one would be as good as the sender's.
  const transfer = rng.int(10) === 0 ? rng.uint32() : 8
  const number = [rng.int(20), rng.uint32()][rng.int(2)]
  const ranges = Array.from({ length: 2 * rng.int(40) }, () => rng.uint32())
  const bytes =
    rng.int(2) === 0
      ? encodeArq({ kind: 'ack', transfer, number, echo: rng.int(20), ranges })
      : encodeArq({
          kind: 'data',
          transfer,
          number,
          last: rng.int(2) === 0,
          payload: rng.bytes(1 + rng.int(50)),
        })
  for (let i = rng.int(3); i > 0; i--) bytes[rng.int(bytes.length)] = rng.int(256)
  return rng.int(5) === 0 ? bytes.subarray(0, rng.int(bytes.length)) : bytes
}

it.each(ARQ_SCHEMES)('%s', (scheme) => {
  const rng = createRng(3)
  const pipe = new ArqPipe({
    scheme,
    window: WINDOW,
    bytes: 4_000,
    loss: 0.1,
    timeout: 50_000,
    retries: 1_000,
  })
  pipe.run(15_000)
  for (let i = 0; i < COUNT; i++) {
    const bytes = anyPacket(rng)
    pipe.sender.handleDatagram(pipe.now, bytes)
    pipe.receiver.handleDatagram(bytes)
    // Acknowledgments of what was forged go nowhere.
    while (rng.int(4) > 0 && pipe.receiver.pollTransmit() !== undefined);
    expect(pipe.sender.next - pipe.sender.base).toBeLessThanOrEqual(WINDOW)
  }
  pipe.run()
  expect(pipe.sender.finished).toBe(true)
  expect(Buffer.compare(Buffer.from(pipe.delivered), Buffer.from(pipe.source))).toBe(0)
})
