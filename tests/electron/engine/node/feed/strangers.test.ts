/** A feed's server and client with a stranger at the other end, who does not keep to the rules. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { LabSocket } from '../../../../../electron/engine/sockets.ts'
import { runStranger } from '../../../../support/feed-lab.ts'

const HANDSHAKE = [
  'GET /socket HTTP/1.1',
  'host: server.lab',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
]
const requestOf = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`

const MASK = [0x11, 0x22, 0x33, 0x44]

interface FrameOptions {
  readonly masked?: boolean
  /** The first byte, with FIN, reserved bits and opcode. */
  readonly first: number
}

/** A frame as a client sends it, its payload not longer than 65,535 bytes (RFC 6455 5.2). */
function frame({ first, masked = true }: FrameOptions, payload: readonly number[] | string = []): Buffer {
  const bytes = Buffer.from(payload as string)
  const mask = masked ? 0x80 : 0
  const { length } = bytes
  const head = length < 126 ? [first, mask | length] : [first, mask | 126, length >> 8, length & 0xff]
  if (!masked) return Buffer.from([...head, ...bytes])
  return Buffer.from([...head, ...MASK, ...bytes.map((byte, i) => byte ^ MASK[i % 4])])
}

/** What the server says to these bytes of a client after the handshake: the opcodes of its frames, and its close code. */
async function answerTo(
  ...frames: readonly Buffer[]
): Promise<{ opcodes: number[]; code: number | undefined }> {
  const { heard } = await runStranger(
    'client',
    {
      open: (socket) => {
        socket.write(requestOf(HANDSHAKE))
        socket.once('data', () => frames.forEach((one) => socket.write(one)))
        // As RFC 6455 7.1.1 has it, the server closes first.
        socket.once('end', () => socket.end())
      },
    },
    { server: { start: 3_000_000 } },
  )
  const [head] = heard[0].toString('latin1').split('\r\n\r\n', 1)
  expect(head).toMatch(/^HTTP\/1.1 101 /)
  const opcodes: number[] = []
  let code: number | undefined
  for (let at = head.length + 4; at < heard[0].length; at += 2 + heard[0][at + 1]) {
    const opcode = heard[0][at] & 0x0f
    opcodes.push(opcode)
    if (opcode === 8 && heard[0][at + 1] >= 2) code = heard[0].readUInt16BE(at + 2)
  }
  return { opcodes, code }
}

const TEXT = 0x81
const BINARY_UNFINISHED = 0x02
const CONTINUATION = 0x80
const CLOSE = 0x88
const PING = 0x89

describe('the server closes a WebSocket', () => {
  it.each([
    [
      'with 1002: a frame that is not masked (RFC 6455 5.1)',
      1002,
      [frame({ first: TEXT, masked: false }, 'hello')],
    ],
    ['with 1002: a reserved bit without an extension (5.2)', 1002, [frame({ first: TEXT | 0x40 }, 'hello')]],
    ['with 1002: another reserved bit (5.2)', 1002, [frame({ first: TEXT | 0x10 }, 'hello')]],
    ['with 1002: an opcode that is reserved for data (5.2)', 1002, [frame({ first: 0x83 }, 'hello')]],
    ['with 1002: an opcode that is reserved for control (5.2)', 1002, [frame({ first: 0x8b })]],
    [
      'with 1002: a control frame of more than 125 bytes (5.5)',
      1002,
      [frame({ first: PING }, 'x'.repeat(126))],
    ],
    ['with 1002: a control frame in fragments (5.5)', 1002, [frame({ first: 0x09 }, 'hello')]],
    ['with 1002: a continuation of nothing (5.4)', 1002, [frame({ first: CONTINUATION }, 'hello')]],
    [
      'with 1002: a message within another (5.4)',
      1002,
      [frame({ first: BINARY_UNFINISHED }, 'a'), frame({ first: TEXT }, 'b')],
    ],
    ['with 1002: a close frame with one byte (5.5.1)', 1002, [frame({ first: CLOSE }, [3])]],
    [
      'with 1002: close code 1005, which no frame may carry (7.4.1)',
      1002,
      [frame({ first: CLOSE }, [0x03, 0xed])],
    ],
    ['with 1002: close code 1006 (7.4.1)', 1002, [frame({ first: CLOSE }, [0x03, 0xee])]],
    [
      'with 1002: close code 999, below all that are used (7.4.2)',
      1002,
      [frame({ first: CLOSE }, [0x03, 0xe7])],
    ],
    [
      'with 1002: close code 5000, above all that are used (7.4.2)',
      1002,
      [frame({ first: CLOSE }, [0x13, 0x88])],
    ],
    ['with 1007: text that is not UTF-8 (8.1)', 1007, [frame({ first: TEXT }, [0xc3, 0x28])]],
    [
      'with 1007: a reason that is not UTF-8 (5.5.1, 8.1)',
      1007,
      [frame({ first: CLOSE }, [0x03, 0xe8, 0xc3, 0x28])],
    ],
    [
      'with 1009: a message longer than it takes (7.4.1)',
      1009,
      [Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1, ...MASK])],
    ],
    [
      'with 1009: a length with its highest bit set, which is none (5.2)',
      1009,
      [Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, ...MASK])],
    ],
    ['with 1000, as the client did (5.5.1)', 1000, [frame({ first: CLOSE }, [0x03, 0xe8])]],
    ['without a code, as the client did (7.1.5)', undefined, [frame({ first: CLOSE })]],
  ])('%s', async (_, code, frames) => {
    expect(await answerTo(...frames)).toEqual({ opcodes: [8], code })
  })

  it('not for a Ping, a Pong that nobody asked for, or text in fragments cut within a character', async () => {
    expect(
      await answerTo(
        frame({ first: PING }, 'are you there'),
        frame({ first: 0x8a }, 'unasked'),
        frame({ first: 0x01 }, [0xe4, 0xb8]),
        frame({ first: CONTINUATION }, [0xad]),
        frame({ first: CLOSE }, [0x0b, 0xb8]),
      ),
    ).toEqual({ opcodes: [10, 8], code: 3000 })
  })

  it('after thirty seconds of lab time, when the stranger does not close the connection', async () => {
    const { run, heard } = await runStranger(
      'client',
      {
        open: (socket) => {
          socket.write(requestOf(HANDSHAKE))
          socket.once('data', () => socket.write(frame({ first: TEXT, masked: false }, 'hello')))
        },
      },
      { server: { start: 40_000_000, count: 1 } },
    )
    expect(heard[0].at(-2)! * 256 + heard[0].at(-1)!).toBe(1002)
    const [closing, closed] = [...run.reader.events(['ws:state'])].filter(({ data }) =>
      /^clos/.test(data.state),
    )
    expect(closed.t - closing.t).toBe(30_000_000)
  })
})

describe('the server answers', () => {
  const statusOf = async (...lines: readonly string[]): Promise<string> => {
    const { heard } = await runStranger('client', {
      open: (socket: LabSocket) => {
        socket.write(requestOf(lines))
        socket.once('data', () => socket.end())
      },
    })
    return heard[0].toString('latin1').split(' ', 2)[1]
  }
  const without = (name: string, ...instead: string[]): string[] => [
    ...HANDSHAKE.filter((line) => !line.startsWith(name)),
    ...instead,
  ]

  it.each([
    ['404', 'a path that it does not have', ['GET /elsewhere HTTP/1.1', 'host: server.lab']],
    ['405', 'a method that it has no use for', ['DELETE /poll HTTP/1.1', 'host: server.lab']],
    ['400', 'what is no request', ['\x16\x03\x01']],
    ['400', 'a handshake without a key (RFC 6455 4.2.1)', without('sec-websocket-key')],
    ['400', 'a key that is not 16 bytes', without('sec-websocket-key', 'sec-websocket-key: c2hvcnQ=')],
    [
      '400',
      'a version that there never was (4.4)',
      without('sec-websocket-version', 'sec-websocket-version: 99'),
    ],
    ['400', 'an upgrade to something else', without('upgrade', 'upgrade: h2c')],
    [
      '404',
      'an upgrade where there is no WebSocket',
      without('GET', ...[]).toSpliced(0, 0, 'GET /poll HTTP/1.1'),
    ],
    ['405', 'a handshake that is no GET', without('GET', ...[]).toSpliced(0, 0, 'POST /socket HTTP/1.1')],
  ])('%s: %s', async (status, _, lines) => {
    expect(await statusOf(...lines)).toBe(status)
  })
})

describe('the client', () => {
  const EVENTS = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'

  it('goes on after the last event that it has, when the stream breaks off', async () => {
    let connections = 0
    const { heard, all } = await runStranger(
      'server',
      {
        open: (socket) => {
          connections++
          const text = `${EVENTS}: a comment\r\nid: ${connections}\r\ndata: #${connections} of 2 @0 abc.\r\n\r\n`
          socket.once('data', () => socket.end(text))
        },
      },
      { client: { how: 'sse' } },
    )
    expect(heard.map((bytes) => /last-event-id: (\d+)/i.exec(bytes.toString('latin1'))?.[1])).toEqual([
      undefined,
      '1',
    ])
    expect(all('app:message_received').map(({ message }) => message)).toEqual([1, 2])
  })

  it.each(['polling', 'long-polling'] as const)(
    '%s: takes no news from what is no list of texts',
    async (how) => {
      let asked = 0
      const bodies = ['{"not": "a list"}', '[', '[1, null, ["#1 of 1 @0 a."]]', '["#1 of 1 @0 a."]']
      const { all } = await runStranger(
        'server',
        {
          open: (socket) =>
            socket.on('data', () => {
              const body = bodies[asked++]
              socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
            }),
        },
        { client: { how, interval: 10_000 } },
      )
      expect(asked).toBe(4)
      expect(all('app:message_received').map(({ message, wrong }) => [message, wrong])).toEqual([[1, '']])
    },
  )

  it('over a WebSocket: says of what is no message that it is damaged', async () => {
    const { all } = await runStranger('server', {
      open: (socket) =>
        socket.on('data', (bytes: Buffer) => {
          const key = /sec-websocket-key: (\S+)/i.exec(bytes.toString('latin1'))?.[1]
          if (key === undefined) return void socket.end(Buffer.from([CLOSE, 0]))
          socket.write(
            requestOf([
              'HTTP/1.1 101 Switching Protocols',
              'upgrade: websocket',
              'connection: Upgrade',
              `sec-websocket-accept: ${acceptOf(key)}`,
            ]),
          )
          for (const text of ['not a message', '#1 of 1 @0 a.'])
            socket.write(frame({ first: TEXT, masked: false }, text))
        }),
    })
    expect(all('app:message_received').map(({ message, wrong }) => [message, wrong])).toEqual([
      [0, 'damaged'],
      [1, ''],
    ])
  })

  it('over a WebSocket: does not take another accept than that of its key, and tries again later (RFC 6455 4.1)', async () => {
    let tries = 0
    const { all } = await runStranger('server', {
      open: (socket) =>
        socket.on('data', (bytes: Buffer) => {
          const key = /sec-websocket-key: (\S+)/i.exec(bytes.toString('latin1'))?.[1]
          if (key === undefined) return void socket.end(Buffer.from([CLOSE, 0]))
          tries++
          socket.write(
            requestOf([
              'HTTP/1.1 101 Switching Protocols',
              'upgrade: websocket',
              'connection: Upgrade',
              `sec-websocket-accept: ${tries === 1 ? 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' : acceptOf(key)}`,
            ]),
          )
          if (tries > 1) socket.write(frame({ first: TEXT, masked: false }, '#1 of 1 @0 a.'))
        }),
    })
    expect(tries).toBe(2)
    expect(all('ws:state').map(({ state }) => state)).toEqual(
      expect.arrayContaining(['connecting', 'closing', 'closed', 'connecting', 'open']),
    )
    expect(all('app:message_received')).toHaveLength(1)
  })
})

/** RFC 6455 4.2.2, point 5.4. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
