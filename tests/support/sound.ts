/** Whether a stranger finds nothing wrong with the packets of a capture: checksums, fragments, form. */

import { expect } from 'vitest'

type Frame = Readonly<Record<string, string>>

/** By IP protocol number: where tshark says what it thinks of a checksum. */
const CHECKSUMS: Readonly<Record<string, string>> = {
  '1': 'icmp.checksum.status',
  '6': 'tcp.checksum.status',
  '17': 'udp.checksum.status',
}
const GOOD = '1'

/** What `expectSound` has to know of each packet. */
export const SOUND_FIELDS = [
  ...['frame.number', 'ip.proto', 'ip.checksum.status', ...Object.values(CHECKSUMS)],
  ...[
    'ip.src',
    'ip.id',
    'ip.flags.mf',
    'ip.frag_offset',
    'ip.fragment.count',
    'ip.fragment.error',
    '_ws.malformed',
  ],
] as const

/** Checksums of UDP are not looked at unless one asks; of IP and TCP `tsharkFields` always asks. */
export const SOUND_PREFERENCES = ['udp.check_checksum:TRUE']

const isSet = (flag: string): boolean => flag === '1' || flag === 'True'
const isFragment = (frame: Frame): boolean =>
  isSet(frame['ip.flags.mf']) || Number(frame['ip.frag_offset']) > 0
/** A datagram has one checksum: tshark reads on with the fragment that makes it whole. */
const isPart = (frame: Frame): boolean => isFragment(frame) && frame['ip.fragment.count'] === ''

function isSound(frame: Frame): boolean {
  if (frame['_ws.malformed'] !== '' || frame['ip.fragment.error'] !== '') return false
  // ARP has no checksum.
  if (frame['ip.proto'] === '') return true
  return (
    frame['ip.checksum.status'] === GOOD && (isPart(frame) || frame[CHECKSUMS[frame['ip.proto']]] === GOOD)
  )
}

/** No packet is malformed, every checksum is right, and every fragment is part of a datagram that is whole. */
export function expectSound(frames: readonly Frame[]): void {
  expect(frames.filter((frame) => !isSound(frame))).toEqual([])
  const fragments = frames.filter(isFragment)
  const used = fragments.map((frame) => Number(frame['ip.fragment.count'])).reduce((sum, n) => sum + n, 0)
  expect(used, 'fragments of whole datagrams').toBe(fragments.length)
}

/** For each frame that with which tshark tells what is in it: itself, or the fragment that makes its datagram whole. */
export function wholeFrames(frames: readonly Frame[]): Frame[] {
  const last = new Map<string, Frame>()
  const backwards = [...frames].reverse().map((frame) => {
    const datagram = `${frame['ip.src']} ${frame['ip.id']}`
    if (isPart(frame)) return last.get(datagram) ?? frame
    last.set(datagram, frame)
    return frame
  })
  return backwards.reverse()
}
