/**
 * How long packets may be on the path of a connection: what routers say (RFC 1191, checked as RFC 5927 7.2 has it), what probes find
 * (RFC 4821 7.1 to 7.3), and the way out of a black hole where nobody says anything (RFC 2923 2.1, RFC 4821 7.7).
 */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { ControlBlock } from './control-block.ts'
import { effectiveMss, HEADERS, largestSegment, TIMESTAMPS_SIZE } from './handshake.ts'
import type { ProbeOutcome } from './mtu-probe.ts'
import { isSynchronized } from './state.ts'
import { PATH_MTU } from './timers.ts'

/** RFC 791 3.2: every network takes so much. */
const LEAST_MTU = 68
/** What is assumed of a router that does not say its MTU (RFC 1191 5). */
const MTU_WHEN_SILENT = 576
/** search_low at first: what nearly every path takes (RFC 4821 7.2). */
const BASE_MTU = 1024
/** Below it, the plateaus of RFC 1191 7.1. */
const PLATEAUS = [508, 296, LEAST_MTU]
/** Timeouts in a row that are taken for a black hole: one may be congestion. */
const FULL_STOP = 2
/** RFC 4821 7.3: a search that is so near is over. */
const GRANULARITY = 8
/** RFC 1191 6.3: after so long it is tried whether the path has become wider. */
export const PATH_MTU_AGE = 600e6

export type MtuChange = 'icmp' | 'probe' | 'black_hole' | 'timer'

/** What a connection knows of its path, in lengths of IP packets. */
export class PathMtu {
  /** eff_pmtu: nothing longer is sent; Infinity: the MSS alone is the limit. */
  size: number
  /** The longest that has come through, and the longest that may. */
  searchLow = BASE_MTU
  searchHigh = Infinity
  /** RFC 4821 is at work: from the beginning where routers are not heeded, else once there was a black hole. */
  searching: boolean
  /** It may have become wider again without anybody saying so. */
  ages = false
  /** A router's complaint that contradicts what is known (RFC 5927 7.2): believed when the data do not get through. */
  doubted: { readonly mtu: number; readonly position: number } | undefined

  constructor({ mtuProbing, pathMtuDiscovery }: TcpSettings) {
    this.searching = mtuProbing && !pathMtuDiscovery
    this.size = this.searching ? BASE_MTU : Infinity
  }
}

const overhead = (block: ControlBlock): number => HEADERS + (block.timestampsOn ? TIMESTAMPS_SIZE : 0)
/** The longest packet that both ends allow. */
const ceiling = (block: ControlBlock): number => largestSegment(block) + HEADERS
const presentSize = (block: ControlBlock): number => Math.min(block.pathMtu.size, ceiling(block))

/** Code 4 of destination unreachable came about the segment at `position`, which is on its way. */
export function arrivesTooLarge(block: ControlBlock, position: number, nextHopMtu: number): void {
  const { sender, pathMtu, settings } = block
  if (!settings.pathMtuDiscovery) return
  const mtu = Math.max(nextHopMtu === 0 ? MTU_WHEN_SILENT : nextHopMtu, LEAST_MTU)
  if (mtu >= presentSize(block)) {
    if (!sender.mtuProbe.takesComplaint(position, sender, sender.recovery.onLost)) return
    pathMtu.searchHigh = Math.min(pathMtu.searchHigh, mtu)
    return block.owner.wake(block)
  }
  // RFC 5927 7.2: longer packets have come through, so the path has changed, or somebody pretends that it has.
  if (mtu < sender.longestAcked + overhead(block)) pathMtu.doubted = { mtu, position }
  else narrow(block, mtu, 'icmp')
}

/** RFC 1191 6.4: smaller segments from now on, and those that were too large again at once, which is no congestion. */
function narrow(block: ControlBlock, mtu: number, why: MtuChange): void {
  const { pathMtu } = block
  pathMtu.doubted = undefined
  pathMtu.searchHigh = why === 'icmp' ? mtu : presentSize(block) - 1
  pathMtu.searchLow = mtu
  pathMtu.searching = why === 'black_hole'
  resize(block, mtu, why)
}

function resize(block: ControlBlock, mtu: number, why: MtuChange): void {
  block.pathMtu.size = mtu
  const mss = effectiveMss(block)
  if (isSynchronized(block.name)) block.sender.configure(block.settings, mss)
  block.trace.emit('tcp:path_mtu_changed', { mtu: presentSize(block), mss, why })
  block.pathMtu.ages = mtu < ceiling(block)
  block.timers.clear(PATH_MTU)
  block.owner.wake(block)
}

/** The retransmission timer ran out: before anything else, is it the size? */
export function suspectPath(block: ControlBlock): void {
  const { sender, pathMtu, settings } = block
  sender.mtuProbe.onTimeout(sender)
  const { doubted } = pathMtu
  pathMtu.doubted = undefined
  if (doubted !== undefined && doubted.position >= sender.una && doubted.mtu < presentSize(block))
    return narrow(block, doubted.mtu, 'icmp')
  if (!settings.mtuProbing || sender.retries + 1 < FULL_STOP) return
  const stuck = sender.board.length(sender.board.headIndex) + overhead(block)
  const fallback = [BASE_MTU, ...PLATEAUS].find((mtu) => mtu < presentSize(block)) ?? LEAST_MTU
  if (fallback < stuck) narrow(block, fallback, 'black_hole')
}

/** RFC 1191 6.3: it is long ago that the path was found narrow. */
export function onPathAged(block: ControlBlock): void {
  const { pathMtu, settings } = block
  pathMtu.ages = false
  pathMtu.searchHigh = Infinity
  if (settings.mtuProbing) pathMtu.searching = true
  else resize(block, Infinity, 'timer')
}

/** Payload of the probe that is to be sent next; 0: none (RFC 4821 7.3). */
export function nextProbe(block: ControlBlock): number {
  const { pathMtu, settings } = block
  if (!settings.mtuProbing || !pathMtu.searching) return 0
  const { searchLow, searchHigh } = pathMtu
  const limit = ceiling(block)
  // Nothing speaks against the longest yet, so it is tried first: on most paths the search ends with it.
  const size = searchHigh >= limit ? limit : Math.ceil((searchLow + searchHigh) / 2)
  if (size <= searchLow || Math.min(searchHigh, limit) - searchLow < GRANULARITY) {
    pathMtu.searching = false
    pathMtu.ages = searchLow < limit
    return 0
  }
  return size - overhead(block)
}

/** A probe has ended (RFC 4821 7.6). */
export function onProbeEnded(block: ControlBlock, payload: number, outcome: ProbeOutcome): void {
  const { pathMtu } = block
  const size = payload + overhead(block)
  block.trace.emit('tcp:mtu_probe_ended', { size, outcome })
  if (outcome === 'failure') pathMtu.searchHigh = size - 1
  if (outcome !== 'success') return
  pathMtu.searchLow = size
  resize(block, size, 'probe')
}
