/** The three protocols as packet scripts: what is sent, what the receiver makes of it, and when. */
import { describe, expect, it } from 'vitest'
import { ArqPipe } from '../../../support/arq-pipe.ts'

const RTT = 20_000
const LEAST = 200_000

const verdicts = (pipe: ArqPipe) => pipe.receiverTrace.of('arq:packet_received').map(({ verdict }) => verdict)
const acknowledged = (pipe: ArqPipe) =>
  pipe.senderTrace.of('arq:packet_received').map(({ number, verdict }) => `${number} ${verdict}`)
const timeouts = (pipe: ArqPipe) => pipe.senderTrace.of('arq:timer_expired').map(({ rto }) => rto)

/** Loses these packets of data, counted from 1. */
const losing =
  (...lost: number[]) =>
  (from: string, ordinal: number) =>
    from === 'sender' && lost.includes(ordinal)
const losingAcks =
  (...lost: number[]) =>
  (from: string, ordinal: number) =>
    from === 'receiver' && lost.includes(ordinal)

describe('stop-and-wait', () => {
  it('sends a packet a round trip, whatever window it is given', () => {
    const pipe = new ArqPipe({ scheme: 'stop-and-wait', bytes: 1_000, window: 8 }).run()
    expect(pipe.sent).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(pipe.now).toBe(10 * RTT)
    expect(pipe.receiver.finished).toBe(true)
  })

  it('sends a lost packet again when its timer runs out, one second before there is a sample (RFC 6298 2.1)', () => {
    const pipe = new ArqPipe({ scheme: 'stop-and-wait', bytes: 200, drop: losing(1) }).run()
    expect(pipe.sent).toEqual(['0', '0 timeout', '1'])
    expect(timeouts(pipe)).toEqual([1_000_000])
    expect(pipe.now).toBe(1_000_000 + 2 * RTT)
  })

  it('acknowledges a packet again whose acknowledgment was lost, and delivers it once', () => {
    const pipe = new ArqPipe({ scheme: 'stop-and-wait', bytes: 200, drop: losingAcks(1) }).run()
    expect(verdicts(pipe)).toEqual(['delivered', 'duplicate', 'delivered'])
    expect(pipe.delivered).toHaveLength(200)
  })
})

describe('go-back-N', () => {
  it('keeps the window full', () => {
    const pipe = new ArqPipe({ scheme: 'go-back-n', bytes: 1_600, window: 8 }).run()
    expect(pipe.now).toBe(2 * RTT)
  })

  it('goes back to a lost packet and sends again all that follow, which the receiver had thrown away', () => {
    const pipe = new ArqPipe({ scheme: 'go-back-n', bytes: 600, window: 4, drop: losing(3) }).run()
    expect(pipe.sent).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '2 timeout',
      '3 go_back',
      '4 go_back',
      '5 go_back',
    ])
    expect(verdicts(pipe)).toEqual([
      'delivered',
      'delivered',
      'out_of_order',
      'out_of_order',
      'out_of_order',
      'delivered',
      'delivered',
      'delivered',
      'delivered',
    ])
    expect(pipe.told.some(({ kind }) => kind !== 'data')).toBe(false)
  })

  it('needs no acknowledgment of each packet: one speaks for all before it', () => {
    const pipe = new ArqPipe({ scheme: 'go-back-n', bytes: 400, window: 4, drop: losingAcks(1, 2, 3) }).run()
    expect(pipe.sent).toEqual(['0', '1', '2', '3'])
    expect(acknowledged(pipe)).toEqual(['4 new'])
    expect(pipe.now).toBe(RTT)
  })

  it('starts its timer anew when something new is acknowledged (RFC 6298 5.3)', () => {
    const drop = losing(5)
    const pipe = new ArqPipe({ scheme: 'go-back-n', bytes: 800, window: 4, drop, leastTimeout: LEAST }).run()
    // Packet 4 leaves when packet 0 is acknowledged, and nothing after it moves the window.
    expect(pipe.told.filter(({ cause }) => cause === 'timeout').map(({ number }) => number)).toEqual([4])
    expect(pipe.now).toBe(RTT + LEAST + RTT)
  })
})

describe('selective repeat', () => {
  it('sends again the lost packet and nothing else, once three later ones have arrived', () => {
    const pipe = new ArqPipe({ scheme: 'selective-repeat', bytes: 600, window: 6, drop: losing(2) }).run()
    expect(pipe.sent).toEqual(['0', '1', '2', '3', '4', '5', '1 repeat'])
    expect(verdicts(pipe)).toEqual(['delivered', 'buffered', 'buffered', 'buffered', 'buffered', 'delivered'])
    expect(pipe.now).toBe(2 * RTT)
    expect(pipe.delivered).toHaveLength(600)
  })

  it('takes three overtakers for a loss and two for disorder', () => {
    const window = 4
    const two = new ArqPipe({ scheme: 'selective-repeat', bytes: 400, window, drop: losing(2) }).run()
    expect(two.sent.at(-1)).toBe('1 timeout')
    const three = new ArqPipe({ scheme: 'selective-repeat', bytes: 400, window, drop: losing(1) }).run()
    expect(three.sent.at(-1)).toBe('0 repeat')
  })

  it('has a timer for each packet', () => {
    const drop = losing(7, 8)
    const pipe = new ArqPipe({
      scheme: 'selective-repeat',
      bytes: 800,
      window: 4,
      drop,
      timeout: 100_000,
    }).run()
    expect(pipe.sent.slice(8)).toEqual(['6 timeout', '7 timeout'])
    expect(pipe.now).toBe(RTT + 100_000 + RTT)
  })

  it('says in ranges what has arrived beyond the gap', () => {
    const pipe = new ArqPipe({ scheme: 'selective-repeat', bytes: 700, window: 7, drop: losing(1, 4) }).run(
      15_000,
    )
    expect(pipe.receiver.next).toBe(0)
    const [told] = pipe.receiverTrace.of('arq:window_moved').slice(-1)
    expect(told).toEqual({ base: 0, next: 7, size: 7 })
    pipe.run()
    expect(pipe.sent.slice(7)).toEqual(['0 repeat', '3 repeat'])
  })

  it('lets its window not go further than the receiver has room', () => {
    const pipe = new ArqPipe({ scheme: 'selective-repeat', bytes: 2_000, window: 4, drop: losing(1) }).run(
      15_000,
    )
    expect(Math.max(...pipe.told.map(({ number }) => number))).toBe(3)
  })
})

describe('the timer', () => {
  it('doubles with every timeout (RFC 6298 5.5) and gives up after the retries', () => {
    const pipe = new ArqPipe({ scheme: 'go-back-n', bytes: 100, retries: 4, drop: () => true }).run()
    expect(timeouts(pipe)).toEqual([1_000_000, 2_000_000, 4_000_000, 8_000_000])
    expect(pipe.sender.error).toBe('no_answer')
    expect(pipe.sent).toHaveLength(4)
  })

  it('takes no sample of a packet that was sent twice (Karn), and keeps its back-off until there is one', () => {
    const drop = (from: string, ordinal: number) => from === 'sender' && (ordinal === 2 || ordinal === 4)
    const pipe = new ArqPipe({ scheme: 'stop-and-wait', bytes: 400, drop }).run()
    // 0; 1 lost; 1 again; 2 lost under the doubled timeout; 2 again; 3.
    expect(timeouts(pipe)).toEqual([LEAST, 2 * LEAST])
  })

  it('doubles once for packets of one flight', () => {
    const drop = losing(9, 10, 11, 12)
    const pipe = new ArqPipe({
      scheme: 'selective-repeat',
      bytes: 1_200,
      window: 4,
      drop,
      delay: 10_000,
    }).run()
    expect(timeouts(pipe)).toEqual([LEAST])
    expect(pipe.now).toBe(2 * RTT + LEAST + RTT)
  })

  it('stays what it is when it is fixed', () => {
    const fixed = { timeout: 50_000, retries: 3, drop: () => true }
    const pipe = new ArqPipe({ scheme: 'stop-and-wait', bytes: 100, ...fixed }).run()
    expect(timeouts(pipe)).toEqual([50_000, 50_000, 50_000])
    expect(pipe.now).toBe(150_000)
  })
})
