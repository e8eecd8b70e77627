/** Draws the map of a lane's network: hosts, switches and routers, the links between them, and the packets on these. */
import type { MapLayout } from '../../shared/charts/map-layout.ts'
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

export interface MapNode {
  readonly id: number
  readonly name: string
  readonly kind: string
  readonly role: string
  /** What is said of it below its name, the most important first. */
  readonly lines: readonly string[]
}

export interface MapLink {
  readonly id: number
  readonly name: string
  /** Numbers of the names of the nodes at its sides. */
  readonly a: number
  readonly b: number
  /** From a to b, from b to a. */
  readonly directions: readonly [TopologyDirection, TopologyDirection]
}

export interface MapScene {
  readonly label: string
  readonly layout: MapLayout
  readonly nodes: readonly MapNode[]
  readonly links: readonly MapLink[]
  readonly flying: readonly FlyingPacket[]
  /** The links by which the packet goes that is followed, and the node that it is looked at. */
  readonly lit: ReadonlySet<number>
  readonly node: number | null
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface DrawnNode extends Box {
  readonly id: number
}

export interface DrawnMap {
  readonly packets: readonly DrawnPacket[]
  readonly nodes: readonly DrawnNode[]
}

/** Pixels from the middle of a link to the wire of either direction, and the width of that wire. */
const APART = 6.5
const WIRE = 9
const MARGIN = 8
const QUEUE_HEIGHT = 13
/** Length of a link at least, as a share of the width of the widest node. */
const LEAST_LINK = 0.5
/** In rows lower than so many letters links have words only where nothing stands above them. */
const ROOMY_ROW = 4.5
/** Words stand beside a link that is steeper than this, not along it. */
const STEEP = 1.1
/** A link shorter than this has no room for its queues. */
const SHORT = 56

/** Draws a map into a box, in pixels; gives nodes and packets with their places, to be pointed at. */
export function paintMap(surface: Surface, scene: MapScene, box: Box, marked: Marked): DrawnMap {
  const { theme } = surface
  const heading = scene.label === '' ? 0 : theme.textSize * 1.6
  const room = { ...box, y: box.y + heading, height: box.height - heading }
  if (heading > 0)
    drawText(surface, scene.label, box.x + MARGIN, box.y + theme.textSize * 0.8, { bold: true })
  const boxes = boxesOf(surface, scene, room)
  const wires = new Map<string, Wire>()
  const isCrowded = room.height / Math.max(1, scene.layout.rows) < theme.textSize * ROOMY_ROW
  for (const link of scene.links) {
    const wire = drawLink(surface, scene, link, boxes, wires)
    const hasRoom = scene.layout.rows === 1 && wire && wire.p.y - wordsOver(surface) >= room.y
    if (wire && (hasRoom || !isCrowded)) drawLinkWords(surface, link, wire)
  }
  const nodes = scene.nodes.flatMap((node) => {
    const place = boxes.get(node.id)
    if (!place) return []
    drawNode(surface, node, place, node.id === scene.node)
    return [{ id: node.id, ...place }]
  })
  const roles = new Map(scene.nodes.map(({ id, role }) => [id, role]))
  const packets = scene.flying.flatMap((flying) => {
    const wire = wires.get(`${flying.link} ${flying.direction & 1}`)
    if (!wire) return []
    const x = wire.x1 + flying.place * (wire.x2 - wire.x1)
    const y = wire.y1 + flying.place * (wire.y2 - wire.y1)
    const drawn = { pkt: flying.packet.pkt, x, y, flying }
    drawPacket(surface, drawn, colorOf(surface, roles.get(flying.packet.node)), marked, wire.angle)
    return [drawn]
  })
  return { packets, nodes }
}

const colorOf = ({ theme }: Surface, role: string | undefined): string =>
  role === 'client' ? theme.client : role === 'server' ? theme.server : theme.grey

// --- where everything stands -----------------------------------------------------------------------------------

function boxesOf(surface: Surface, { layout, nodes }: MapScene, room: Box): Map<number, Box> {
  const { theme } = surface
  const columns = Math.max(1, layout.columns)
  const rows = Math.max(1, layout.rows)
  // The links have at least so much of the width of a node.
  const widest = (room.width - 2 * MARGIN) / (columns + LEAST_LINK * (columns - 1))
  const each = room.height / rows
  const line = theme.textSize * 1.35
  const boxes = new Map<number, Box>()
  const widths = columnWidths(surface, layout, nodes, widest)
  const gap = (room.width - 2 * MARGIN - widths.reduce((sum, one) => sum + one, 0)) / Math.max(1, columns - 1)
  const lefts = widths.map(
    (_, i) => room.x + MARGIN + widths.slice(0, i).reduce((sum, one) => sum + one + gap, 0),
  )
  for (const node of nodes) {
    const place = layout.places.get(node.id)
    if (!place) continue
    const wanted = line * (node.lines.length + 1) + theme.textSize
    // Between rows there is a link; in low rows the names need all the room.
    const most = rows === 1 ? each - 6 : each < theme.textSize * 3 ? each - 2 : each * 0.66
    const height = Math.max(6, Math.min(wanted, most))
    const y = room.y + (place.row + 0.5) * each - height / 2
    boxes.set(node.id, { x: lefts[place.column], y, width: widths[place.column], height })
  }
  return boxes
}

/** Wide enough for what is said of the nodes of each column, and not wider than `most`. */
function columnWidths(
  { pen, theme }: Surface,
  layout: MapLayout,
  nodes: readonly MapNode[],
  most: number,
): number[] {
  const widths = Array.from({ length: Math.max(1, layout.columns) }, () => Math.min(most, theme.textSize * 6))
  pen.font = `${theme.textSize}px ${theme.mono}`
  for (const { id, name, lines } of nodes) {
    const column = layout.places.get(id)?.column
    if (column === undefined) continue
    const wanted = Math.max(...[name, ...lines].map((text) => pen.measureText(text).width)) + 14
    widths[column] = Math.min(most, Math.max(widths[column], wanted))
  }
  return widths
}

/** Where the line from the middle of one box to that of another leaves the first. */
export function edgeOf(from: Box, to: Box): { readonly x: number; readonly y: number } {
  const [x, y] = [from.x + from.width / 2, from.y + from.height / 2]
  const [dx, dy] = [to.x + to.width / 2 - x, to.y + to.height / 2 - y]
  const along = Math.min(
    dx === 0 ? Infinity : (from.width / 2 + 3) / Math.abs(dx),
    dy === 0 ? Infinity : (from.height / 2 + 3) / Math.abs(dy),
  )
  return Number.isFinite(along) ? { x: x + dx * along, y: y + dy * along } : { x, y }
}

// --- links ----------------------------------------------------------------------------------------------------

/** Where packets go in one direction of a link; the angle is that of their way. */
interface Wire {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  readonly angle: number
}

/** What of a link is to be seen, from side a to side b. */
interface Stretch {
  readonly p: { readonly x: number; readonly y: number }
  readonly q: { readonly x: number; readonly y: number }
  readonly length: number
}

function drawLink(
  surface: Surface,
  { lit }: MapScene,
  link: MapLink,
  boxes: ReadonlyMap<number, Box>,
  wires: Map<string, Wire>,
): Stretch | undefined {
  const [a, b] = [boxes.get(link.a), boxes.get(link.b)]
  if (!a || !b) return undefined
  const [p, q] = [edgeOf(a, b), edgeOf(b, a)]
  const length = Math.hypot(q.x - p.x, q.y - p.y)
  if (length < 1) return undefined
  for (const direction of [0, 1] as const) {
    const [from, to] = direction === 0 ? [p, q] : [q, p]
    // Each keeps to its own side, the way to the right above the way to the left.
    const [nx, ny] = [((to.y - from.y) / length) * APART, (-(to.x - from.x) / length) * APART]
    const angle = Math.atan2(to.y - from.y, to.x - from.x)
    const whole = { x1: from.x + nx, y1: from.y + ny, x2: to.x + nx, y2: to.y + ny, angle }
    wires.set(
      `${link.id} ${direction}`,
      drawWire(surface, whole, length, link.directions[direction], lit.has(link.id)),
    )
  }
  return { p, q, length }
}

/** A wire with the queue before it; gives the part of it that packets go on. */
function drawWire(
  surface: Surface,
  wire: Wire,
  length: number,
  direction: TopologyDirection,
  lit: boolean,
): Wire {
  const { pen, theme } = surface
  const { x1, y1, x2, y2, angle } = wire
  const queue = direction.limit > 0 && length > SHORT ? Math.min(40, length * 0.24) : 0
  const start = queue > 0 ? queue + 3 : 0
  const from = { x: x1 + Math.cos(angle) * start, y: y1 + Math.sin(angle) * start }
  for (const [width, color] of [
    [WIRE + 2, lit ? theme.text : theme.lineStrong],
    [WIRE, theme.panel],
  ] as const) {
    pen.lineWidth = width
    pen.strokeStyle = color
    pen.beginPath()
    pen.moveTo(from.x, from.y)
    pen.lineTo(x2, y2)
    pen.stroke()
  }
  if (queue > 0) {
    pen.save()
    pen.translate(x1, y1)
    pen.rotate(angle)
    drawQueue(surface, direction, { x: 0, y: 0, width: queue, height: QUEUE_HEIGHT }, false)
    pen.restore()
  }
  return { ...wire, x1: from.x, y1: from.y }
}

/** Pixels from the middle of a link to the upper edge of the words over it. */
const wordsOver = ({ theme }: Surface): number => APART + WIRE / 2 + theme.textSize * 1.3

/** The name of a link and what is set on it, along the link and never upside down. */
function drawLinkWords(
  surface: Surface,
  { name, directions: [up, down] }: MapLink,
  { p, q, length }: Stretch,
): void {
  const { pen, theme } = surface
  const isForward = q.x >= p.x
  const [first, second] = isForward ? [up, down] : [down, up]
  const angle = isForward ? Math.atan2(q.y - p.y, q.x - p.x) : Math.atan2(p.y - q.y, p.x - q.x)
  const style = { color: theme.muted, align: 'center' as const, size: theme.textSize * 0.95 }
  const offset = APART + WIRE / 2 + theme.textSize * 0.8
  const [x, y] = [(p.x + q.x) / 2, (p.y + q.y) / 2]
  if (Math.abs(angle) > STEEP) {
    drawText(surface, name, x + APART + WIRE, y, { ...style, align: 'left' })
    return
  }
  pen.save()
  pen.translate(x, y)
  pen.rotate(angle)
  const above = first.settings === '' ? name : `${name} · ${first.settings}`
  drawText(surface, fitting(surface, above, length + 8), 0, -offset, style)
  if (second.settings !== first.settings)
    drawText(surface, fitting(surface, second.settings, length + 8), 0, offset, style)
  pen.restore()
}

// --- nodes ----------------------------------------------------------------------------------------------------

/** Of an address that is too long the end is shown: that is where they differ. */
function tailed(surface: Surface, text: string, width: number): string {
  if (!ADDRESS.test(text)) return fitting(surface, text, width)
  const { pen, theme } = surface
  pen.font = `${theme.textSize}px ${theme.font}`
  let shown = text
  while (shown.includes('.') && pen.measureText(shown).width > width)
    shown = `…${shown.slice(shown.indexOf('.') + 1)}`
  return shown
}
const ADDRESS = /^\d+\.\d+\.\d+\.\d+$/

/** Hosts have corners, switches are square, routers are round. */
function drawNode(surface: Surface, node: MapNode, box: Box, chosen: boolean): void {
  const { pen, theme } = surface
  const { x, y, width, height } = box
  const isNetwork = node.kind === 'switch' || node.kind === 'router'
  const color = isNetwork ? theme.muted : colorOf(surface, node.role)
  pen.fillStyle = theme.panel
  pen.strokeStyle = chosen ? theme.text : color
  pen.lineWidth = theme.stroke * (chosen ? 1.8 : 1)
  pen.beginPath()
  pen.roundRect(
    x,
    y,
    width,
    height,
    node.kind === 'router' ? Math.min(height, width) / 2 : node.kind === 'switch' ? 0 : 4,
  )
  pen.fill()
  pen.stroke()
  pen.save()
  pen.clip()
  const line = theme.textSize * 1.35
  const shown = Math.max(
    0,
    Math.min(node.lines.length, Math.floor((height - theme.textSize * 0.6) / line) - 1),
  )
  const top = y + (height - line * (shown + 1)) / 2 + line / 2
  const words = { ground: theme.panel, align: 'center' as const }
  const middle = x + width / 2
  if (height > theme.textSize * 0.9)
    drawText(surface, fitting(surface, node.name, width - 8), middle, top, {
      ...words,
      bold: true,
      color: isNetwork ? theme.text : color,
    })
  node.lines.slice(0, shown).forEach((text, i) =>
    drawText(surface, tailed(surface, text, width - 6), middle, top + line * (i + 1), {
      ...words,
      color: i === 0 ? theme.muted : theme.text,
    }),
  )
  pen.restore()
}
