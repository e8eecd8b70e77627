/**
 * Draws the ladder of QUIC packets: a line for each, those that share a datagram side by side under one bracket, the colour and
 * the word at the sender's end for the kind of its keys, and what became of it at the other.
 */
import { reasonText } from '../../../shared/charts/reasons.ts'
import type { ChartTheme } from '../../../shared/charts/theme.ts'
import type { QuicLevel, QuicPacket } from '../../../shared/projections/quic-packets.ts'
import { drawText, type Surface } from '../canvas.ts'
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
} from '../ladder-frame.ts'
import type { Crossing } from '../ladder-scene.ts'
import { datagramText, levelName } from './words.ts'

/** A datagram of the connection; without packets: one that is sent outside of connections, such as a Retry. */
export interface Datagram {
  readonly path: Crossing
  readonly packets: readonly QuicPacket[]
  /** What its bytes say that it is, where no packet is known; empty: not known (yet). */
  readonly name: string
}

/** Something to be told at the side of an end, such as an update of its keys. */
export interface SideMark {
  readonly t: number
  readonly side: 'client' | 'server'
  readonly text: string
}

export interface QuicScene extends LadderFrame {
  readonly datagrams: readonly Datagram[]
  readonly marks: readonly SideMark[]
  /** Row of the packet that is selected, and of the one under the pointer; of a datagram without packets minus its number. */
  readonly selected: number | null
  readonly pointed: number | null
  /** The datagram that is selected. */
  readonly pkt: number | null
  /** Said of a packet that was not lost after all, and of one that came before its keys. */
  readonly words: { readonly spurious: string; readonly buffered: string }
}

export interface DrawnPacket extends Line {
  readonly datagram: Datagram
  readonly packet: QuicPacket | undefined
  /** What `selected` and `pointed` are compared with. */
  readonly key: number
}

/** Pixels between the packets of one datagram. */
const BESIDE = 4

/** A colour for each kind of keys; 1-RTT packets, the most, have that of their sender. */
export function levelColor(theme: ChartTheme, level: QuicLevel, up: boolean): string {
  if (level === 'initial') return theme.sack
  if (level === 'handshake') return theme.change
  if (level === '0rtt') return theme.sky
  return up ? theme.client : theme.server
}

export function paintQuic(surface: Surface, scene: QuicScene): DrawnPacket[] {
  const layout = layoutOf(surface, scene.range, scene.silences)
  const drawn = scene.datagrams.flatMap((datagram) => place(layout, datagram))
  paintLadderFrame(surface, layout, scene, () => {
    for (const line of drawn) drawPacket(surface, line, scene)
    const named = drawn.filter(({ packet, datagram }) => packet === datagram.packets[0])
    drawLineWords(surface, layout, named, (line) => wordsOf(surface, line, scene))
    for (const line of drawn) {
      const { fate } = line.datagram.path.packet
      const end = fate === 'dropped' ? 'died' : fate === 'under_way' ? 'under_way' : 'arrived'
      drawLineEnd(surface, line, end, colorOf(surface, line))
    }
    drawBrackets(surface, drawn)
    for (const mark of scene.marks) drawMark(surface, layout, mark)
  })
  drawLegend(surface, layout)
  return drawn
}

function place(layout: Layout, datagram: Datagram): DrawnPacket[] {
  const { packet, from, to, reach } = datagram.path
  const toX = (share: number): number => layout.left + share * (layout.right - layout.left)
  const lines: readonly (QuicPacket | undefined)[] =
    datagram.packets.length > 0 ? datagram.packets : [undefined]
  return lines.map((one, i) => ({
    datagram,
    packet: one,
    key: one?.row ?? -packet.pkt,
    x1: toX(from),
    y1: layout.toY(packet.t) + i * BESIDE,
    x2: toX(to),
    y2: layout.toY(packet.until) + i * BESIDE,
    up: to >= from,
    reach: Math.max(1, reach * (layout.right - layout.left)),
  }))
}

function colorOf({ theme }: Surface, { packet, up }: DrawnPacket): string {
  return packet ? levelColor(theme, packet.level, up) : theme.grey
}

/** Acknowledgements and padding alone ask for no answer, and are drawn thin (DESIGN 10). */
const isLight = ({ frames }: QuicPacket): boolean =>
  frames.every(({ type }) => type === 'ack' || type === 'padding')

function drawPacket(surface: Surface, line: DrawnPacket, scene: QuicScene): void {
  const { pen, theme } = surface
  const { x1, y1, x2, y2, packet, datagram } = line
  const { pkt } = datagram.path.packet
  const marked = scene.selected === null ? pkt === scene.pkt : line.key === scene.selected
  if (marked || line.key === scene.pointed) {
    pen.strokeStyle = theme.text
    pen.globalAlpha = marked ? 0.35 : 0.2
    pen.lineWidth = 7
    stroke(pen, x1, y1, x2, y2)
    pen.globalAlpha = 1
  }
  pen.strokeStyle = colorOf(surface, line)
  pen.lineWidth = theme.stroke * (packet && !isLight(packet) ? 1.1 : 0.6)
  pen.setLineDash(datagram.path.packet.copy ? [4, 3] : [])
  stroke(pen, x1, y1, x2, y2)
  pen.setLineDash([])
}

/** The first line of a datagram is named for all that it holds: the others run close by. */
function wordsOf(surface: Surface, line: DrawnPacket, scene: QuicScene): LineWords {
  const { theme } = surface
  const { datagram, packet } = line
  const { fate, reason } = datagram.path.packet
  const died = fate === 'dropped'
  const color = died ? theme.loss : colorOf(surface, line)
  const end = died ? `  ✕ ${reasonText(scene.language, reason)}` : packet ? fateWords(packet, scene) : ''
  const short = datagramText(datagram.packets) ?? (datagram.name || 'UDP')
  return { short, details: '', end, color }
}

/** What is worth saying of a packet that was not simply taken in. */
function fateWords(packet: QuicPacket, { words }: QuicScene): string {
  if (!Number.isNaN(packet.lost) && !Number.isNaN(packet.acked)) return `  ${words.spurious}`
  return Number.isNaN(packet.buffered) ? '' : `  ${words.buffered}`
}

/** Holds the packets of one datagram together near where they were sent. */
function drawBrackets({ pen, theme }: Surface, drawn: readonly DrawnPacket[]): void {
  for (let at = 0; at < drawn.length;) {
    const first = drawn[at]
    const count = Math.max(1, first.datagram.packets.length)
    const last = drawn[at + count - 1]
    at += count
    if (count === 1) continue
    const share = Math.min(0.5, BRACKET / Math.max(1, Math.abs(first.x2 - first.x1)))
    const x = first.x1 + share * (first.x2 - first.x1)
    const fall = share * (first.y2 - first.y1)
    pen.fillStyle = theme.text
    pen.fillRect(x - 1.5, first.y1 + fall - 2, 3, last.y1 - first.y1 + 4)
  }
}

/** Pixels from the sender. */
const BRACKET = 5

const KEYED: readonly QuicLevel[] = ['initial', 'handshake', '0rtt']

/** Which colour is which kind of packet, between the names of both sides. */
function drawLegend(surface: Surface, layout: Layout): void {
  const { pen, theme } = surface
  const y = layout.top - theme.textSize
  const names = KEYED.map(levelName)
  pen.font = `${theme.textSize}px ${theme.font}`
  const widths = names.map((name) => pen.measureText(name).width + 28)
  const total = widths.reduce((sum, width) => sum + width, 0)
  const room = layout.right - layout.left - 2 * NAME_EMS * theme.textSize
  if (total > room) return
  let x = (layout.left + layout.right - total) / 2
  names.forEach((name, i) => {
    pen.strokeStyle = levelColor(theme, KEYED[i], true)
    pen.lineWidth = 2
    stroke(pen, x, y, x + 12, y)
    drawText(surface, name, x + 16, y, { color: theme.muted })
    x += widths[i]
  })
}

/** Letters that the name of a side takes. */
const NAME_EMS = 10

function drawMark(surface: Surface, layout: Layout, { t, side, text }: SideMark): void {
  const { pen, theme } = surface
  const y = layout.toY(t)
  const x = side === 'client' ? layout.left : layout.right
  pen.strokeStyle = theme.change
  pen.lineWidth = 2
  stroke(pen, x - 6, y, x + 6, y)
  drawText(surface, text, x + (side === 'client' ? 9 : -9), y, {
    color: theme.change,
    align: side === 'client' ? 'left' : 'right',
    bold: true,
  })
}
