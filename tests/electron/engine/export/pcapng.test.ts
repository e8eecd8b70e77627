import { describe, expect, it } from 'vitest'
import { exportRun, openExport } from '../../../../electron/engine/export/export.ts'
import { readPcapng } from '../../../support/pcapng.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { addNodes, FLOW, smallRun, tcpPacket } from '../../../support/small-run.ts'

const capture = async (script: RecordingScript, ...more: Parameters<RecordingScript['reader']>) => {
  const [file] = await exportRun(script.reader(...more), 'pcapng')
  return readPcapng(file.bytes)
}

describe("the sender's tap", () => {
  it('is one file of raw IP packets, and says where it was taken', async () => {
    const files = await exportRun(smallRun().reader(), 'pcapng')
    expect(files.map(({ name, mime }) => [name, mime])).toEqual([['capture.pcapng', 'application/x-pcapng']])
    const file = readPcapng(files[0].bytes)
    expect(file.interfaces[0].linkType).toBe(101)
    expect(file.interfaces[0].snapLength).toBe(0)
    expect(file.application).toBe('Rexmit')
    expect(file.comment).toBe('hand-made, seed 7, virtual time')
    expect(file.interfaces[0].name).toBe('main/client')
    expect(file.interfaces[0].description).toBe('tap at main/client, 10.77.0.1')
  })

  it('holds what the host sent and what reached it, each once and in its order', async () => {
    const { packets } = await capture(smallRun())
    expect(packets.map(({ time, direction }) => [Number(time), direction])).toEqual([
      [1_000_000, 2],
      [1_100_000, 2],
      [1_200_000, 2],
      [21_000_000, 1],
      [21_001_000, 1],
      [21_200_000, 2],
    ])
  })

  it('holds the bytes as they were sent, whatever the link made of them', async () => {
    const { packets } = await capture(smallRun())
    const payload = new Uint8Array(100).fill(66)
    expect(packets[2].bytes).toEqual(
      tcpPacket(true, { sequence: 1201, acknowledgment: 501, flags: 0x18, payload }),
    )
    expect(packets[2].length).toBe(140)
  })

  it('says in a comment what became of a packet, and why it was sent again', async () => {
    const { packets } = await capture(smallRun())
    expect(packets.map(({ comments }) => comments)).toEqual([
      [],
      ['lost on link: bernoulli'],
      ['corrupted on link: byte 45'],
      ['duplicated on link: the copy is packet 5'],
      ['copy of packet 4, made by link'],
      ['retransmission: sack'],
    ])
  })
})

describe('all taps', () => {
  it('is a file a host', async () => {
    const files = await exportRun(smallRun().reader(), 'pcapng', { taps: 'all' })
    expect(files.map(({ name }) => name)).toEqual(['capture-client.pcapng', 'capture-server.pcapng'])
  })

  it("shows the receiver's side: no lost packet, and damage as it arrived", async () => {
    const [, file] = await exportRun(smallRun().reader(), 'pcapng', { taps: 'all' })
    const { packets } = readPcapng(file.bytes)
    expect(packets.map(({ time, direction }) => [Number(time), direction])).toEqual([
      [11_000_000, 1],
      [11_000_000, 2],
      [11_200_000, 1],
      [31_200_000, 1],
    ])
    const payload = new Uint8Array(100).fill(66)
    const sent = tcpPacket(true, { sequence: 1201, acknowledgment: 501, flags: 0x18, payload })
    const different = [...packets[2].bytes.keys()].filter((i) => packets[2].bytes[i] !== sent[i])
    expect(different).toEqual([45])
  })
})

describe('several lanes', () => {
  it('stand in one file, each by the host that sends its data', async () => {
    const script = addNodes(addNodes(new RecordingScript(), 'reno'), 'cubic')
    const bytes = tcpPacket(true, { payload: new Uint8Array(10) })
    script.packet(1, bytes).packet(2, bytes)
    script.emit(`reno/client ${FLOW}`, 'tcp:segment_sent', { payload: 10, size: 50 }, 1)
    script.emit(`cubic/server ${FLOW}`, 'tcp:segment_sent', { payload: 10, size: 50 }, 2)
    const files = await exportRun(script.reader(), 'pcapng')
    expect(files.map(({ name }) => name)).toEqual(['capture.pcapng'])
    const { interfaces, packets } = readPcapng(files[0].bytes)
    expect(interfaces.map(({ name }) => name)).toEqual(['reno/client', 'cubic/server'])
    expect(packets.map(({ interfaceName }) => interfaceName)).toEqual(['reno/client', 'cubic/server'])
    const all = await exportRun(script.reader(), 'pcapng', { taps: 'all' })
    expect(all.map(({ name }) => name)).toContain('capture-cubic-client.pcapng')
  })

  it('cannot write outside the folder, whatever a node is called', async () => {
    const script = new RecordingScript().emit('../../x/..\\y', 'sim:node_added', {
      kind: 'host',
      role: 'client',
    })
    const files = await exportRun(script.reader(), 'pcapng', { taps: 'all' })
    for (const { name } of files) expect(name).toMatch(/^[A-Za-z0-9._-]+$/)
  })
})

describe('truncation', () => {
  it('is shown by the two lengths, with the limit in the interface', async () => {
    const [stream] = await openExport(smallRun().reader(), 'pcapng', { snapLength: 60 })
    const file = readPcapng(Buffer.concat([...stream.chunks]))
    expect(file.interfaces[0].snapLength).toBe(60)
    expect(file.packets[0].bytes).toHaveLength(60)
    expect(file.packets[0].length).toBe(140)
    expect(file.packets[3].bytes).toHaveLength(40)
    expect(file.packets[3].length).toBe(40)
  })

  it('keeps the whole length of a packet that the recording has cut', async () => {
    const script = smallRun().packet(1, tcpPacket(true, {}).subarray(0, 30), 140)
    const { packets } = await capture(script)
    expect([packets[0].bytes.length, packets[0].length]).toEqual([30, 140])
  })

  it('keeps the time and length of a packet whose bytes the recording has not', async () => {
    const script = addNodes(new RecordingScript(), 'main')
    script.at(5).emit(`main/client ${FLOW}`, 'tcp:segment_sent', { payload: 10, size: 50 }, 1)
    const { packets } = await capture(script)
    expect([packets[0].bytes.length, packets[0].length]).toEqual([0, 50])
  })
})

it('puts a live run where it was in time, to the nanosecond', async () => {
  const { packets } = await capture(smallRun(), { driver: 'live' })
  const start = BigInt(Date.parse('2026-01-02T03:04:05.678Z')) * 1_000_000n
  expect(packets[0].time).toBe(start + 1_000_000n)
})

it('hears of an outsider by the link that it is attached to', async () => {
  const script = new RecordingScript().emit('link', 'sim:node_added', { kind: 'link', a: 'a', b: 'b' })
  const bytes = tcpPacket(true, {})
  script.packet(1, bytes).packet(2, bytes).packet(3, bytes)
  script.at(1).emit('link', 'link:packet_enqueued', { direction: 0 }, 1)
  script.at(2).emit('link', 'link:packet_dropped', { direction: 0, reason: 'queue_full' }, 2)
  script.at(3).emit('link', 'link:packet_delivered', { direction: 0 }, 1)
  script.at(4).emit('link', 'link:packet_enqueued', { direction: 1 }, 3)
  script.at(5).emit('link', 'link:packet_delivered', { direction: 1 }, 3)
  const { packets } = await capture(script)
  expect(packets.map(({ time, direction }) => [Number(time), direction])).toEqual([
    [1000, 2],
    [2000, 2],
    [5000, 1],
  ])
})

it('takes in fragments and ICMP errors, which no link announces', async () => {
  const script = addNodes(new RecordingScript(), 'main')
  for (const pkt of [1, 2, 3]) script.packet(pkt, tcpPacket(true, {}))
  script.at(1).emit(`main/client ${FLOW}`, 'tcp:segment_sent', { payload: 10 }, 1)
  script.emit('main/client', 'ip:fragment_sent', { size: 40 }, 1)
  script.emit('main/client', 'ip:fragment_sent', { size: 40 }, 2)
  script.at(2).emit('main/link', 'icmp:message_sent', { type: 3, code: 4, size: 40 }, 3)
  script.at(3).emit('main/client', 'icmp:message_received', { type: 3, code: 4 }, 3)
  const { packets } = await capture(script)
  expect(packets.map(({ direction }) => direction)).toEqual([2, 2, 1])
})
