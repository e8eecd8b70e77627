/** Messages over UDP: whole or not at all, in whatever order and number the network makes of them. */
import { describe, expect, it } from 'vitest'
import { runMessages, type MessageLab } from '../../../../support/message-lab.ts'

const COUNT = 200
const UDP: MessageLab = { both: { over: 'udp' }, sender: { count: COUNT, every: 2_000 } }
const down = { delay: 5_000 }
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

it.each(['virtual', 'live'] as const)(
  'comes in whole, each message in its datagram, in %s time',
  async (driver) => {
    const { all } = await runMessages({ ...UDP, driver })
    const received = all('app:message_received')
    expect(received.map(({ message }) => message)).toEqual(upTo(COUNT))
    expect(received.map(({ size }) => size)).toEqual(all('udp:datagram_sent').map(({ payload }) => payload))
    for (const one of received)
      expect(one).toMatchObject({ channel: 'server:4711', copy: 1, late: false, wrong: '' })
  },
)

it('waits for no handshake: the first message is as fast as the others', async () => {
  const { all } = await runMessages(UDP)
  expect(new Set(all('app:message_received').map(({ delay }) => delay))).toEqual(new Set([5_000]))
})

it('loses what the link loses, and nobody sends it again', async () => {
  const { all } = await runMessages({ ...UDP, link: { up: { delay: 5_000, loss: { rate: 0.2 } }, down } })
  const dropped = all('link:packet_dropped').length
  expect(dropped).toBeGreaterThan(10)
  expect(all('app:message_received')).toHaveLength(COUNT - dropped)
  expect(all('udp:datagram_sent')).toHaveLength(COUNT)
})

it('gets duplicates as often as they come, and says which copy each is', async () => {
  const { all } = await runMessages({
    ...UDP,
    link: { up: { delay: 5_000, duplicate: { rate: 0.2 } }, down },
  })
  const twice = all('link:packet_duplicated').length
  expect(twice).toBeGreaterThan(10)
  const copies = all('app:message_received').map(({ copy }) => copy)
  expect(copies.filter((copy) => copy === 1)).toHaveLength(COUNT)
  expect(copies.filter((copy) => copy === 2)).toHaveLength(twice)
})

it('gets them out of order, and says which come late', async () => {
  const reorder = { rate: 0.1, gap: 3 }
  const { all } = await runMessages({ ...UDP, link: { up: { delay: 5_000, reorder }, down } })
  const received = all('app:message_received')
  const late = received.filter((one) => one.late).map(({ message }) => message)
  expect(late).toHaveLength(all('link:packet_reordered').length)
  expect(late.length).toBeGreaterThan(5)
  let highest = 0
  for (const { message, late: isLate } of received) {
    expect(isLate).toBe(message < highest)
    highest = Math.max(highest, message)
  }
})

describe('damage', () => {
  const lab = (repair: boolean): MessageLab => ({
    ...UDP,
    link: { up: { delay: 5_000, corrupt: { rate: 0.3, repair } }, down },
  })

  it('is found by the checksum of UDP, and the datagram is gone', async () => {
    const { all } = await runMessages(lab(false))
    const received = all('app:message_received')
    expect(received.length).toBeLessThan(COUNT)
    expect(received.every(({ wrong }) => wrong === '')).toBe(true)
  })

  it('that it does not find is found in the message', async () => {
    const { all } = await runMessages(lab(true))
    const wrong = all('app:message_received').filter((one) => one.wrong !== '')
    expect(wrong.length).toBeGreaterThan(10)
    for (const one of wrong) expect(one).toMatchObject({ wrong: 'damaged', message: 0, copy: 0, delay: -1 })
  })
})

it('does not learn of a receiver that is not there but by ICMP, and sends on', async () => {
  const { all } = await runMessages({ ...UDP, sender: { port: 6000, count: 20, every: 10_000 } })
  expect(all('app:finished').map(({ error }) => error)).toEqual(['ECONNREFUSED'])
  expect(all('udp:datagram_sent')).toHaveLength(20)
})

it('says so when a message is longer than any datagram', async () => {
  const { all } = await runMessages({
    both: { over: 'udp', longest: 100_000 },
    sender: { shortest: 100_000, count: 1 },
  })
  expect(all('app:finished').map(({ error }) => error)).toEqual(['EMSGSIZE'])
})
