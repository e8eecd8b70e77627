/**
 * TCP and IP in depth as a stranger reads them: tshark, with checksum checks on, at the tap of every host that sends data. Each segment
 * is to it what it is to the trace, but for the differences that are listed here: where a cause applies, and nowhere else, they differ.
 */
import { describe, expect, it } from 'vitest'
import { finishedRun } from '../support/runs.ts'
import {
  endOf,
  isBefore,
  isOutstanding,
  isRepeated,
  readTaps,
  senderTaps,
  WORDS,
  type Passing,
  type Word,
} from '../support/tcp-analysis.ts'
import { findTshark } from '../support/tools.ts'

/** A reason for which one of the two has a word for a segment that the other has not. */
interface Cause {
  readonly trace?: Word
  readonly tshark?: Word
  readonly applies: (passing: Passing) => boolean
}

/** tshark's rule for fast retransmissions, which goes before that for segments out of order. */
const isFast = ({ segment, back, t }: Passing): boolean =>
  back.duplicates >= 2 && back.acked === segment.seq && t - back.lastAt < 20_000

const CAUSES = {
  // What comes again within 3 ms of the newest octet was, so tshark guesses, overtaken on its way to the tap, unless three ACKs have asked
  // for this very segment. The trace knows why it was sent; and at its sender's tap nothing has been on the way.
  'sent again within 3 ms of the newest octet': {
    trace: 'retransmission',
    tshark: 'out_of_order',
    applies: (passing) => {
      const { ours, segment, own, t } = passing
      return (
        ours.has('retransmission') &&
        endOf(segment) !== own.next &&
        t - own.nextAt < 3_000 &&
        !isFast(passing)
      )
    },
  },
  // The trace knows what had arrived when the copy came; tshark has the ACKs that had reached the tap when it left.
  'its ACK was not at the tap yet': {
    trace: 'spurious_retransmission',
    applies: ({ segment, back }) => back.acked === undefined || isBefore(back.acked, endOf(segment)),
  },
  // RFC 5681 2 (a): a duplicate ACK tells of a segment that is missing. This one answers what had been acknowledged already.
  'nothing was outstanding': {
    tshark: 'duplicate_ack',
    applies: (passing) =>
      isRepeated(passing) &&
      passing.segment.window > 0 &&
      passing.segment.window === passing.own.last?.window &&
      !isOutstanding(passing.back, passing.own) &&
      !passing.ours.has('keep_alive_ack'),
  },
  // The octet of a window probe is outstanding, so its refusal has all marks of a duplicate ACK; tshark has a word of its own for it.
  'refuses the octet of a window probe': {
    trace: 'duplicate_ack',
    applies: ({ ours }) => ours.has('zero_window_probe_ack'),
  },
} as const satisfies Record<string, Cause>
type CauseName = keyof typeof CAUSES

const entries = Object.entries(CAUSES) as [CauseName, Cause][]

/** The causes by which a segment has this word for one of the two only. */
function causesOf(passing: Passing, word: Word): CauseName[] {
  const side = passing.ours.has(word) ? 'trace' : 'tshark'
  return entries.filter(([, cause]) => cause[side] === word && cause.applies(passing)).map(([name]) => name)
}

/** Words that both use in an experiment, and causes of differences that are seen in it; it has no others, whatever the numbers. */
const EXPERIMENTS: readonly (readonly [id: string, words: readonly Word[], causes: readonly CauseName[]])[] =
  [
    ['tcp-why-three', ['retransmission'], []],
    [
      'tcp-queues',
      ['retransmission', 'window_update'],
      ['its ACK was not at the tap yet', 'nothing was outstanding'],
    ],
    ['tcp-close', [], []],
    [
      'tcp-time-wait',
      ['retransmission', 'duplicate_ack'],
      ['its ACK was not at the tap yet', 'nothing was outstanding'],
    ],
    [
      'tcp-wrap',
      ['retransmission', 'duplicate_ack'],
      ['its ACK was not at the tap yet', 'nothing was outstanding'],
    ],
    ['tcp-keepalive', ['keep_alive', 'keep_alive_ack'], []],
    ['tcp-rto', ['retransmission', 'duplicate_ack'], ['its ACK was not at the tap yet']],
    [
      'tcp-flow-control',
      ['zero_window', 'zero_window_probe', 'zero_window_probe_ack', 'window_update'],
      ['refuses the octet of a window probe'],
    ],
    ['tcp-nagle', [], []],
    ['tcp-sack', ['retransmission', 'duplicate_ack'], ['its ACK was not at the tap yet']],
    ['tcp-hol', ['retransmission', 'duplicate_ack'], []],
    [
      'tcp-reorder',
      ['retransmission', 'duplicate_ack'],
      ['sent again within 3 ms of the newest octet', 'its ACK was not at the tap yet'],
    ],
    [
      'bufferbloat',
      ['retransmission', 'duplicate_ack'],
      ['sent again within 3 ms of the newest octet', 'its ACK was not at the tap yet'],
    ],
    ['ip-routing', [], []],
    [
      'ip-fragmentation',
      ['retransmission', 'duplicate_ack', 'window_update'],
      ['sent again within 3 ms of the newest octet', 'nothing was outstanding'],
    ],
    ['reliable-udp', [], []],
  ]

const seeds = process.env.REXMIT_FULL === '1' ? [1, 2, 3, 4, 5] : [1]

describe.skipIf(!findTshark())('TCP and IP in depth, read by tshark at every sender', () => {
  it.each(EXPERIMENTS)(
    '%s: sound, and what both say differs only where a cause applies',
    async (id, words, causes) => {
      for (const seed of seeds) {
        const run = await finishedRun({ experiment: id, seed })
        const passing = senderTaps(run).flatMap((hosts) => readTaps(run, hosts))
        const having = (holds: (one: Passing) => boolean): number[] =>
          passing.filter(holds).map(({ pkt }) => pkt)
        for (const word of WORDS) {
          const expected = having((one) => one.ours.has(word) !== causesOf(one, word).length > 0)
          expect(
            having(({ theirs }) => theirs.has(word)),
            `${word}, seed ${seed}`,
          ).toEqual(expected)
        }
        if (seed > 1) continue
        const agreed = WORDS.filter((word) =>
          passing.some(({ ours, theirs }) => ours.has(word) && theirs.has(word)),
        )
        expect(agreed).toEqual(WORDS.filter((word) => words.includes(word)))
        const seen = new Set(passing.flatMap((one) => WORDS.flatMap((word) => causesOf(one, word))))
        expect([...seen].sort()).toEqual([...causes].sort())
      }
    },
  )
})
