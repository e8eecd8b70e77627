/** Draws the ladder of all packets: a line for each from where and when it was sent to where it arrived, died, or is now. */
import { causeText, noteTexts } from '../../shared/charts/packet-notes.ts'
import { reasonText } from '../../shared/charts/reasons.ts'
import type { Origins } from '../../shared/projections/origins.ts'
import type { PacketNotes } from '../../shared/projections/packet-notes.ts'
import type { Surface } from './canvas.ts'
import {
  drawLineEnd,
  drawLineWords,
  layoutOf,
  paintLadderFrame,
  stroke,
  type LadderFrame,
  type Layout,
  type Line,
  type LineWords,
} from './ladder-frame.ts'
import type { Crossing } from './ladder-scene.ts'
import { packetWords } from './segment-text.ts'
import { isNewData } from '../../shared/tcp-causes.ts'

export interface LadderScene extends LadderFrame {
  readonly paths: readonly Crossing[]
  /** Role of a node, by the number of its name; empty for what is neither client nor server. */
  roleOf(node: number): string
  readonly origins: Origins
  readonly notes: PacketNotes
  /** What a datagram of QUIC holds, in short words; undefined: nothing that is known. */
  quicWords(pkt: number): string | undefined
  /** The messages of other protocols that end in a packet, in short words; undefined: none. */
  pduWords(pkt: number): string | undefined
  readonly selected: number | null
  readonly pointed: number | null
}

/** A line as it was drawn, for pointing at it. */
export interface DrawnPath extends Line {
  readonly path: Crossing
  /** Role of the sender. */
  readonly role: string
}

export function paintLadder(surface: Surface, scene: LadderScene): DrawnPath[] {
  const layout = layoutOf(surface, scene.range, scene.silences)
  const drawn = scene.paths.map((path) => place(layout, path, scene.roleOf(path.packet.node)))
  paintLadderFrame(surface, layout, scene, () => {
    for (const line of drawn) drawPath(surface, line, scene)
    drawLineWords(surface, layout, drawn, (line) => wordsOf(surface, line, scene))
    for (const line of drawn) {
      const { fate } = line.path.packet
      const end = fate === 'dropped' ? 'died' : fate === 'under_way' ? 'under_way' : 'arrived'
      drawLineEnd(surface, line, end, colorOf(surface, line))
    }
  })
  return drawn
}

function place(layout: Layout, path: Crossing, role: string): DrawnPath {
  const toX = (share: number): number => layout.left + share * (layout.right - layout.left)
  const { packet, from, to, reach } = path
  return {
    path,
    role,
    x1: toX(from),
    y1: layout.toY(packet.t),
    x2: toX(to),
    y2: layout.toY(packet.until),
    up: to >= from,
    reach: Math.max(1, reach * (layout.right - layout.left)),
  }
}

const isAgain = ({ packet }: Crossing): boolean =>
  packet.segment !== undefined && !isNewData(packet.segment.cause)

function colorOf({ theme }: Surface, { path, role }: DrawnPath): string {
  if (isAgain(path)) return theme.retransmission
  return role === 'client' ? theme.client : role === 'server' ? theme.server : theme.grey
}

function drawPath(surface: Surface, line: DrawnPath, scene: LadderScene): void {
  const { pen, theme } = surface
  const { path, x1, y1, x2, y2 } = line
  const { packet } = path
  const marked = packet.pkt === scene.selected
  if (marked || packet.pkt === scene.pointed) {
    pen.strokeStyle = theme.text
    pen.globalAlpha = marked ? 0.35 : 0.2
    pen.lineWidth = 7
    stroke(pen, x1, y1, x2, y2)
  }
  const data = (packet.segment?.payload ?? 0) > 0
  pen.globalAlpha = data || isAgain(path) ? 1 : 0.8
  pen.strokeStyle = colorOf(surface, line)
  // Data solid, what carries none thin (DESIGN 10); copies are dashed.
  pen.lineWidth = theme.stroke * (data ? 1.1 : 0.6)
  pen.setLineDash(packet.copy ? [4, 3] : [])
  stroke(pen, x1, y1, x2, y2)
  pen.setLineDash([])
  pen.globalAlpha = 1
}

function wordsOf(surface: Surface, line: DrawnPath, scene: LadderScene): LineWords {
  const { theme } = surface
  const { packet } = line.path
  const notes = scene.notes.of(packet.pkt)
  const { short, details } = packetWords(packet, scene.origins.of(packet.flow, packet.node), notes)
  const quic = packet.protocol === 'UDP' ? scene.quicWords(packet.pkt) : undefined
  const pdus = scene.pduWords(packet.pkt)
  // What a segment carries comes first, then what TCP says of it; of a datagram that is all there is.
  const own = pdus === undefined ? short : packet.segment ? `${pdus}  ${short}` : pdus
  const cause = packet.segment?.cause ?? ''
  const lead = cause === '' ? '' : isAgain(line.path) ? `R ${causeText(cause)}  ` : `${causeText(cause)}  `
  const died = packet.fate === 'dropped'
  // A probe asks to be refused; the answer is all that it is for.
  const told = cause === 'keep_alive' ? notes.filter(({ kind }) => kind !== 'refused') : notes
  const said = noteTexts(scene.language, told)
  const refused = told.some(({ kind }) => kind === 'refused' || kind === 'rejected')
  return {
    short: `${lead}${quic ?? own}`,
    details: [...said, details].filter((part) => part !== '').join('  '),
    end: died ? `  ✕ ${reasonText(scene.language, packet.reason)}` : '',
    color: died || refused ? theme.loss : colorOf(surface, line),
  }
}
