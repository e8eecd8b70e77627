/** Draws one lane's network: two hosts, the link between them, the queues before it and the packets on the wire. */
import { valueText } from '../../shared/charts/axes.ts'
import type { FlyingPacket } from '../../shared/projections/flight.ts'
import { drawCross, drawText, type Surface } from './canvas.ts'

export interface TopologyHost {
  readonly name: string
  readonly address: string
  /** What is said of it at this moment: state, window. */
  readonly lines: readonly string[]
}

export interface TopologyDirection {
  readonly bytes: number
  readonly packets: number
  /** What the queue holds at most, or the most that it has held. */
  readonly limit: number
  /** What is set on it, in words. */
  readonly settings: string
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

export interface DrawnPacket {
  readonly pkt: number
  readonly x: number
  readonly y: number
  readonly flying: FlyingPacket
}

interface Box {
  readonly top: number
  readonly height: number
}

const QUEUE = 46

/** A row lower than this many lines of text has no room for words beside each of its two ways. */
const ROOMY = 8.7

/** Draws one lane into a box of its own, in pixels; gives the packets and where they are, to be pointed at. */
export function paintRow(
  surface: Surface,
  row: TopologyRow,
  whole: Box,
  marked: { readonly selected: number | null; readonly pointed: number | null },
): DrawnPacket[] {
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
    drawQueue(surface, direction, { x: queue, y }, i === 1)
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

/** As many of the settings as have room, the first ones first; of the first at least its beginning. */
function fitting({ pen, theme }: Surface, settings: string, width: number): string {
  pen.font = `${theme.textSize}px ${theme.font}`
  const hasRoom = (text: string): boolean => pen.measureText(text).width <= width
  const parts = settings.split(' · ')
  while (parts.length > 1 && !hasRoom(parts.join(' · '))) parts.pop()
  const text = parts.join(' · ')
  if (hasRoom(text)) return text
  let length = text.length - 1
  while (length > 0 && !hasRoom(`${text.slice(0, length)}…`)) length--
  return length > 0 ? `${text.slice(0, length)}…` : ''
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

/** A box that fills up, away from the wire, with the bytes in it. */
function drawQueue(
  { pen, theme }: Surface,
  { bytes, limit }: TopologyDirection,
  { x, y }: { readonly x: number; readonly y: number },
  mirrored: boolean,
): void {
  const height = 16
  const share = limit > 0 ? Math.min(1, bytes / limit) : 0
  pen.fillStyle = theme.panel
  pen.fillRect(x, y - height / 2, QUEUE, height)
  pen.fillStyle = share > 0.95 ? theme.loss : theme.yellow
  const filled = share * QUEUE
  pen.fillRect(mirrored ? x : x + QUEUE - filled, y - height / 2, filled, height)
  pen.strokeStyle = theme.lineStrong
  pen.lineWidth = 1
  pen.strokeRect(x + 0.5, y - height / 2 + 0.5, QUEUE - 1, height - 1)
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
  { selected, pointed }: { readonly selected: number | null; readonly pointed: number | null },
  ways: Ways,
): DrawnPacket[] {
  const { pen, theme } = surface
  return flying.map((one) => {
    const { packet, place, dead } = one
    const up = isClientSide(packet)
    const x = up ? ways.start + place * (ways.right - ways.start) : ways.end - place * (ways.end - ways.left)
    const y = up ? ways.upper : ways.lower
    const { segment } = packet
    const again = segment !== undefined && !['', 'limited_transmit'].includes(segment.cause)
    const drawn = { pkt: packet.pkt, x, y, flying: one }
    if (dead) {
      drawCross(pen, x, y, theme.textSize * 0.9, theme.loss)
      return drawn
    }
    pen.fillStyle = again ? theme.retransmission : up ? theme.client : theme.server
    // Data solid, acknowledgments thin.
    if ((segment?.payload ?? packet.size) > 0) pen.fillRect(x - 3, y - 4.5, 6, 9)
    else pen.fillRect(x - 1, y - 4.5, 2, 9)
    if (packet.pkt === selected || packet.pkt === pointed) {
      pen.strokeStyle = theme.text
      pen.lineWidth = packet.pkt === selected ? 1.6 : 0.8
      pen.strokeRect(x - 5.5, y - 7.5, 11, 15)
    }
    return drawn
  })
}
