/**
 * Each number in a narrative is bound to what bears it out: an expectation, which is measured (tests/scenario/experiments.test.ts),
 * a setting of the experiment, or a standard. A number that nothing here bears out fails; so does one that the other language hasn't.
 */
import { describe, expect, it } from 'vitest'
import type { Experiment } from '../../../shared/experiment.ts'
import { EXPERIMENTS, findExperiment } from '../../../shared/experiments/index.ts'
import { figuresIn, isSame, numbersIn, sourcesOf, type Quoted } from '../../support/narrative-numbers.ts'

/** What narratives say beyond their expectations and settings: constants of standards, and what follows from settings. */
const CONSTANTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tcp-queues': {
    '2 s': 'the second timeout of a SYN, RFC 6298 5.5',
    '24': 'bits of the hash, RFC 4987 appendix A',
  },
  'tcp-keepalive': { '2 hours': 'the least default, RFC 9293 3.8.4' },
  'tcp-bulk': {
    '17': 'sqrt(3/2) / sqrt(p) at p = 0.5 % (Mathis et al. 1997)',
    '20 ms': 'a round trip: 10 ms each way',
    '75 ms': 'a delay to try',
  },
  'tcp-flow-control': {
    '1982': 'the year of RFC 813',
    '52': 'bytes of header of IPv4 and TCP with timestamps, RFC 791 3.1, RFC 9293 3.1, RFC 7323 3.2',
  },
  'tcp-hol': { '1,448': 'bytes of a full segment with timestamps' },
  'reliable-udp': { '12': 'bytes of header, electron/protocol/arq/README.md' },
  bufferbloat: { '19 kB': 'what the path holds: 5 Mbit/s for 30 ms' },
  'http-requests': { eleven: 'the twelve requests of the first row but one' },
  'http-compression': { '0.8': 'an example of a weight', '80 %': 'how the example is misread' },
  'http2-hpack': {
    '61': 'entries of the static table, RFC 7541 appendix A',
    '58': 'user-agent in it',
    '62': 'the first behind it, RFC 7541 2.3.3',
    '32': 'bytes added to each entry, RFC 7541 4.1',
  },
  'http-versions': { '16,384': 'the largest frame unless agreed otherwise, RFC 9113 4.2' },
  'tls12-rsa': {
    '32': 'bytes of a random, RFC 5246 7.4.1.2',
    '48': 'bytes of the premaster secret, RFC 5246 7.4.7.1',
    '46': 'of them random, RFC 5246 7.4.7.1',
    '12': 'bytes of verify_data, RFC 5246 7.4.9',
  },
  'setup-latency': { '3,600': 'three times the 1,200 bytes of the first datagram, RFC 9000 8.1, 14.1' },
  'quic-handshake': { '1,200': 'bytes of the first datagram, RFC 9000 14.1' },
  'quic-0rtt': { '425': 'Too Early, RFC 8470 5.2' },
  'quic-loss': {
    twelve: 'bytes of the timestamps option with its padding, RFC 7323 appendix A',
    four: 'blocks in 40 bytes of options, RFC 2018 3',
  },
  'tcp-wrap': {
    '10 Mbit/s': 'an example of a rate',
    '10 Gbit/s': 'an example of a rate',
    '3.4 s': '2^32 bytes at that rate',
    '4 GB': '2^32 bytes',
    '32': 'bits of a timestamp, RFC 7323 3.2',
  },
  websocket: {
    '101': 'Switching Protocols, RFC 9110 15.2.2',
    '16': 'bytes of Sec-WebSocket-Key, RFC 6455 4.1',
  },
  rpc: { '5': "bytes before a message of gRPC, the project's PROTOCOL-HTTP2.md" },
  'mqtt-packets': {
    '256 MB': 'the greatest remaining length as it is mostly told; in MiB, less a byte',
    '40': 'bytes of header of IPv4 and TCP without options, RFC 791 3.1, RFC 9293 3.1',
  },
  qpack: {
    '99': 'entries of the static table, RFC 9204 appendix A',
    '60 ms': 'between the moments of the two requests',
  },
}

const valueOf = (text: string): Quoted => numbersIn(text, 'en')[0]

/** Numbers of a narrative that nothing bears out, with where they stand. */
function unbound(experiment: Experiment): string[] {
  const sourceOf = sourcesOf(experiment)
  const constants = Object.keys(CONSTANTS[experiment.id] ?? {}).map(valueOf)
  const isConstant = (number: Quoted) => constants.some(({ value }) => isSame(number, value))
  return experiment.narrative.flatMap((text, paragraph) =>
    (['en', 'zh'] as const).flatMap((language) =>
      numbersIn(text[language], language)
        .filter((number) => sourceOf(number) === undefined && !isConstant(number))
        .map((number) => `paragraph ${paragraph + 1}, ${language}: ${number.text}`),
    ),
  )
}

describe.each(EXPERIMENTS.map((experiment) => [experiment.id, experiment] as const))(
  '%s',
  (id, experiment) => {
    it('says no number that is neither claimed, set, nor of a standard', () => {
      expect(unbound(experiment)).toEqual([])
    })

    it('needs each constant that is listed for it', () => {
      const said = experiment.narrative.flatMap(({ en }) => numbersIn(en, 'en'))
      const sourceOf = sourcesOf(experiment)
      for (const text of Object.keys(CONSTANTS[id] ?? {})) {
        expect(
          said.some((number) => isSame(number, valueOf(text).value)),
          text,
        ).toBe(true)
        expect(sourceOf(valueOf(text)), text).toBeUndefined()
      }
    })

    it('says the same numbers in both languages', () => {
      // One to three are words as often as numbers: "a round trip" is 1 个往返.
      for (const { en, zh } of experiment.narrative) {
        const chinese = figuresIn(zh)
        const english = numbersIn(en, 'en')
        for (const { text, value } of figuresIn(en).filter(({ value }) => value > 3))
          expect(
            chinese.some((one) => one.value === value),
            `${text} in: ${zh}`,
          ).toBe(true)
        for (const { text, value } of chinese.filter(({ value }) => value > 3))
          expect(
            english.some((one) => one.value === value),
            `${text} in: ${en}`,
          ).toBe(true)
      }
    })
  },
)

describe('the binding', () => {
  const bulk = findExperiment('tcp-bulk')!
  const saying = (en: string): Experiment => ({ ...bulk, narrative: [{ en, zh: '' }] })

  it('finds a number that nothing bears out, whatever its unit', () => {
    expect(unbound(saying('It takes 123 ms.'))).toEqual(['paragraph 1, en: 123 ms'])
    expect(unbound(saying('It takes seven round trips.'))).toEqual(['paragraph 1, en: seven'])
    expect(unbound(saying('A share of 7.7 % is lost (RFC 9293, 3.4).'))).toEqual(['paragraph 1, en: 7.7 %'])
  })

  it('no longer finds a number when the claim that bore it out has another value', () => {
    const claim = {
      ...bulk.expectations[0],
      metric: 'reno/goodput',
      text: { en: '', zh: '' },
      why: { en: '', zh: '' },
    }
    const of = (value: number): Experiment => ({
      ...saying('It takes 123 ms.'),
      expectations: [{ ...claim, value }],
    })
    expect(unbound(of(123_000))).toEqual([])
    expect(unbound(of(124_000))).toEqual(['paragraph 1, en: 123 ms'])
  })

  it('takes clauses of standards and names for what they are', () => {
    const en =
      'HTTP/1.1 (RFC 9112, 9.3.2), MQTT 3.1.1, QoS 0, 1 and 2, TLS 1.3 (RFC 8446 C.4), 10.77.0.1/24, IPv6, 0-RTT'
    expect(numbersIn(en, 'en')).toEqual([])
  })

  it('reads units: 1.5 s, 20 Mbit/s, 10 kB, 0.5 %, 2^32', () => {
    const values = numbersIn('1.5 s, 20 Mbit/s, 10 kB, 0.5 %, 65,535, 2^32', 'en').map(({ value }) => value)
    expect(values).toEqual([1.5e6, 20e6, 10_000, 0.005, 65_535, 2 ** 32])
  })
})
