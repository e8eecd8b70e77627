/** Draws one lane's network: two hosts, the link between them, the queues before it and the packets on the wire. */
import { valueText } from '../../shared/charts/axes.ts'
import type { FlyingPacket } from '../../shared/projections/flight.ts'
import { drawText, type Surface } from './canvas.ts'
import {
  drawPacket,
  drawQueue,
  fitting,
  type DrawnPacket,
  type Marked,
  type TopologyDirection,
} from './topology-parts.ts'

export interface TopologyHost {
  readonly name: string
  readonly address: string
  /** What is said of it at this moment: state, window. */
  readonly lines: readonly string[]
}

export interface TopologyRow {
  readonly label: string
  readonly client: TopologyHost
  readonly server: TopologyHost
  /** Towards the server, towards the client. */
  readonly directions: readonly [TopologyDirection, TopologyDirection]
  readonly flying: readonly FlyingPacket[]
  readonly isClientSide: (packet: FlyingPacket['packet']) => boolean
}

interface Box {
  readonly top: number
  readonly height: number
}

/** Width and height of a queue in pixels. */
const QUEUE = 46
const QUEUE_HEIGHT = 16

/** A row lower than this many lines of text has no room for words beside each of its two ways. */
const ROOMY = 8.7

/** Draws one lane into a box of its own, in pixels; gives the packets and where they are, to be pointed at. */
export function paintRow(surface: Surface, row: TopologyRow, whole: Box, marked: Marked): DrawnPacket[] {
  const { theme, width } = surface
  const host = Math.min(width * 0.32, hostWidth(surface, [row.client, row.server]))
  const heading = row.label === '' ? 0 : theme.textSize * 1.4
  const isRoomy = whole.height - heading >= theme.textSize * ROOMY
  const box = isRoomy ? { top: whole.top + heading, height: whole.height - heading } : whole
  const middle = box.top + box.height / 2
  const gap = isRoomy ? Math.min(box.height * 0.22, theme.textSize * 3) : box.height * 0.31
  drawHost(surface, row.client, { x: 8, width: host, ...box }, theme.client)
  drawHost(surface, row.server, { x: width - host - 8, width: host, ...box }, theme.server)
  if (isRoomy) drawText(surface, row.label, 8, whole.top + theme.textSize * 0.7, { bold: true })
  const left = host + 14
  const right = width - host - 14
  const lanes = [
    { y: middle - gap, from: left, to: right, queue: left },
    { y: middle + gap, from: right, to: left, queue: right - QUEUE },
  ]
  lanes.forEach(({ y, queue }, i) => {
    const direction = row.directions[i]
    const start = i === 0 ? left + QUEUE + 4 : left
    const end = i === 0 ? right : right - QUEUE - 4
    drawPipe(surface, start, end, y)
    drawQueue(surface, direction, { x: queue, y, width: QUEUE, height: QUEUE_HEIGHT }, i === 1)
    if (!isRoomy) return
    drawQueueWords(surface, direction, { x: queue, y }, i === 1)
    drawSettings(surface, direction.settings, {
      left,
      right,
      y: y + (i === 0 ? 1 : -1) * theme.textSize * 1.4,
    })
  })
  if (!isRoomy) drawSettings(surface, inOneLine(row), { left, right, y: middle })
  return drawPackets(surface, row, marked, {
    start: left + QUEUE + 4,
    end: right - QUEUE - 4,
    left,
    right,
    upper: lanes[0].y,
    lower: lanes[1].y,
  })
}

/** The lane and what is set on its link, once for both ways where they are alike. */
function inOneLine({ label, directions: [up, down] }: TopologyRow): string {
  const settings = up.settings === down.settings ? up.settings : `→ ${up.settings} · ← ${down.settings}`
  return label === '' ? settings : `${label} · ${settings}`
}

function drawSettings(
  surface: Surface,
  settings: string,
  { left, right, y }: { readonly left: number; readonly right: number; readonly y: number },
): void {
  const { theme } = surface
  drawText(surface, fitting(surface, settings, right - left), (left + right) / 2, y, {
    color: theme.muted,
    align: 'center',
    size: theme.textSize * 0.95,
  })
}

/** Wide enough for what is said of the hosts. */
function hostWidth({ pen, theme }: Surface, hosts: readonly TopologyHost[]): number {
  pen.font = `${theme.textSize}px ${theme.mono}`
  const texts = hosts.flatMap(({ name, address, lines }) => [name, address, ...lines])
  return Math.max(80, ...texts.map((text) => pen.measureText(text).width + 12))
}

function drawHost(
  surface: Surface,
  host: TopologyHost,
  box: Box & { readonly x: number; readonly width: number },
  color: string,
): void {
  const { pen, theme } = surface
  const height = Math.min(box.height - 8, theme.textSize * (3.6 + host.lines.length * 1.35))
  const y = box.top + (box.height - height) / 2
  pen.fillStyle = theme.panel
  pen.strokeStyle = color
  pen.lineWidth = theme.stroke
  pen.beginPath()
  pen.roundRect(box.x, y, box.width, height, 4)
  pen.fill()
  pen.stroke()
  pen.save()
  pen.clip()
  const words = { ground: theme.panel }
  const x = box.x + 8
  const line = theme.textSize * 1.35
  drawText(surface, host.name, x, y + line * 0.85, { ...words, bold: true, color })
  drawText(surface, host.address, x, y + line * 1.85, { ...words, mono: true, color: theme.muted })
  host.lines.forEach((text, i) =>
    drawText(surface, text, x, y + line * (2.9 + i), { ...words, color: theme.text }),
  )
  pen.restore()
}

function drawPipe({ pen, theme }: Surface, from: number, to: number, y: number): void {
  pen.fillStyle = theme.panel
  pen.fillRect(from, y - 6, to - from, 12)
  pen.fillStyle = theme.lineStrong
  pen.fillRect(from, y - 6.5, to - from, 1)
  pen.fillRect(from, y + 5.5, to - from, 1)
}

function drawQueueWords(
  surface: Surface,
  { bytes, packets }: TopologyDirection,
  { x, y }: { readonly x: number; readonly y: number },
  mirrored: boolean,
): void {
  const { theme } = surface
  const text = `${valueText(bytes, 'B')} · ${packets}`
  drawText(surface, text, mirrored ? x + QUEUE : x, y + (mirrored ? 1 : -1) * theme.textSize * 1.4, {
    color: theme.muted,
    align: mirrored ? 'right' : 'left',
    mono: true,
    size: theme.textSize * 0.9,
  })
}

interface Ways {
  readonly start: number
  readonly end: number
  readonly left: number
  readonly right: number
  readonly upper: number
  readonly lower: number
}

function drawPackets(
  surface: Surface,
  { flying, isClientSide }: TopologyRow,
  marked: Marked,
  ways: Ways,
): DrawnPacket[] {
  const { theme } = surface
  return flying.map((one) => {
    const { packet, place } = one
    const up = isClientSide(packet)
    const x = up ? ways.start + place * (ways.right - ways.start) : ways.end - place * (ways.end - ways.left)
    const y = up ? ways.upper : ways.lower
    const drawn = { pkt: packet.pkt, x, y, flying: one }
    drawPacket(surface, drawn, up ? theme.client : theme.server, marked)
    return drawn
  })
}
