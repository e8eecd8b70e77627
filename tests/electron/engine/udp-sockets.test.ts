import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../../../electron/engine/node/program.ts'
import type { SendOutcome } from '../../../electron/protocol/ip/host.ts'
import { perform } from '../../support/program-run.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const words = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A server that answers each datagram, and a client that is done when `client` says so. */
async function talk(
  client: (lab: Surroundings, done: () => void) => void,
  driver: 'virtual' | 'live' = 'virtual',
) {
  const heard: string[] = []
  let isDone = false
  const run = await perform(
    {
      server: (lab) => ({
        start: () => {
          const socket = lab.udp.bind(7, {
            onDatagram: (payload, from) => {
              heard.push(words(payload))
              socket.send(from, text(`echo of ${words(payload)}`))
            },
          })!
        },
      }),
      client: (lab) => ({
        get done() {
          return isDone
        },
        start: () => client(lab, () => (isDone = true)),
      }),
    },
    { driver },
  )
  return { run, heard }
}

describe.each(['virtual', 'live'] as const)('UDP of a program in %s time', (driver) => {
  it('carries datagrams there and back, whole and in their places', async () => {
    const answers: string[] = []
    const { heard } = await talk((lab, done) => {
      const socket = lab.udp.bind(0, {
        onDatagram: (payload, from) => {
          expect(from).toEqual({ address: lab.addressOf('server'), port: 7 })
          answers.push(words(payload))
          if (answers.length === 2) done()
        },
      })!
      expect(socket.port).toBeGreaterThanOrEqual(49_152)
      for (const what of ['one', 'two']) {
        expect(socket.send({ address: lab.addressOf('server'), port: 7 }, text(what))).toBe('sent')
      }
    }, driver)
    expect(heard).toEqual(['one', 'two'])
    expect(answers).toEqual(['echo of one', 'echo of two'])
  })
})

describe('UDP of a program', () => {
  it('cuts what is longer than the MTU in fragments, and puts it together again (RFC 791 3.2)', async () => {
    const { heard, run } = await talk((lab, done) => {
      const socket = lab.udp.bind(0, { onDatagram: done })!
      socket.send({ address: lab.addressOf('server'), port: 7 }, text('x'.repeat(4_000)))
    })
    expect(heard).toEqual(['x'.repeat(4_000)])
    expect([...run.reader.events(['ip:reassembly_finished'])].length).toBe(2)
  })

  it('says what came of sending: too long for a datagram, from a port that is given back', async () => {
    const outcomes: SendOutcome[] = []
    await talk((lab, done) => {
      const to = { address: lab.addressOf('server'), port: 7 }
      const socket = lab.udp.bind(0, { onDatagram: () => undefined })!
      outcomes.push(socket.send(to, new Uint8Array(65_508)))
      socket.close()
      socket.close()
      outcomes.push(socket.send(to, text('late')))
      done()
    })
    expect(outcomes).toEqual(['too_long', 'port_not_open'])
  })

  it('tells of nobody there (RFC 1122 4.1.3.3), of a taken port, and nothing after it is closed', async () => {
    const told: unknown[] = []
    await talk((lab, done) => {
      const server = lab.addressOf('server')
      const socket = lab.udp.bind(0, {
        onDatagram: () => told.push('datagram'),
        onUnreachable: (to) => told.push(to),
      })!
      expect(lab.udp.bind(socket.port, { onDatagram: () => undefined })).toBeUndefined()
      socket.send({ address: server, port: 9 }, text('anyone?'))
      lab.after(100_000, () => {
        socket.send({ address: server, port: 7 }, text('hello'))
        socket.close()
        lab.after(100_000, done)
      })
    })
    expect(told).toEqual([{ address: expect.any(Number) as number, port: 9 }])
  })
})
