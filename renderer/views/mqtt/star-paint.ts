/** Draws a broker with its clients around it: connections, subscriptions as arrows to who holds them, and packets on their way. */
import type { FlyingPacket } from '../../../shared/projections/flight.ts'
import { drawText, type Surface } from '../canvas.ts'
import { edgeOf, type Box } from '../map-paint.ts'
import { drawPacket, fitting, type DrawnPacket, type Marked } from '../topology-parts.ts'

export interface StarClient {
  readonly id: string
  /** What is said of it below its identifier. */
  readonly lines: readonly string[]
  readonly connection: 'open' | 'opening' | 'away' | 'none'
  readonly subscriptions: readonly { readonly text: string; readonly isMeant: boolean }[]
  /** The message that is followed goes this way. */
  readonly isLit: boolean
}

export interface StarPacket {
  readonly flying: FlyingPacket
  readonly client: string
  /** From the client (0) to the broker (1). */
  readonly place: number
  readonly fromClient: boolean
  /** It carries a packet of the message that is followed. */
  readonly isLit: boolean
}

export interface StarScene {
  readonly broker: string
  readonly lines: readonly string[]
  readonly clients: readonly StarClient[]
  readonly packets: readonly StarPacket[]
  /** Clients that were left out from the first. */
  readonly hidden: number
  /** Says how many clients are not drawn. */
  more(count: number): string
}

const MARGIN = 8
const PADDING = 7
/** Pixels between a connection and the arrow of the subscriptions that use it. */
const APART = 7
/** No more subscriptions of a client are named. */
const MOST_NAMED = 3
/** Clients that leave room for words beside the arrows. */
const FEW = 2

/** Gives the packets with their places, to be pointed at. */
export function paintStar(surface: Surface, scene: StarScene, box: Box, marked: Marked): DrawnPacket[] {
  const { theme } = surface
  const sizes = sizesOf(surface)
  const { clients, places, broker, boxLines, brokerLines } = fitted(sizes, scene, box)
  const spokes = new Map<string, Spoke>()
  for (const client of clients) {
    const place = places.get(client.id)!
    const clearance = Math.max(place.height, broker.height) / 2
    const spoke = { from: edgeOf(place, broker), to: edgeOf(broker, place), clearance }
    spokes.set(client.id, spoke)
    drawConnection(surface, client, spoke)
    drawArrow(surface, client, spoke)
  }
  drawBox(surface, broker, brokerLines, theme.server, false)
  for (const client of clients) {
    const color = client.connection === 'none' ? theme.faint : theme.client
    const isOff = client.connection === 'away' || client.connection === 'none'
    drawBox(surface, places.get(client.id)!, boxLines(client), color, isOff)
  }
  if (clients.length <= FEW)
    for (const client of clients) drawSubscriptions(surface, client, spokes.get(client.id)!)
  const hidden = scene.hidden + scene.clients.length - clients.length
  if (hidden > 0)
    drawText(
      surface,
      scene.more(hidden),
      box.x + box.width - MARGIN,
      box.y + box.height - theme.textSize * 0.8,
      {
        align: 'right',
        color: theme.muted,
      },
    )
  return scene.packets.flatMap((packet) => {
    const spoke = spokes.get(packet.client)
    return spoke ? [drawOnSpoke(surface, packet, spoke, marked)] : []
  })
}

/** How many lines a box may have, and how wide it may be as a share of the picture: the first for which there is room. */
const CHOICES = [
  { lines: Infinity, share: 0.3 },
  { lines: Infinity, share: 0.22 },
  { lines: 4, share: 0.22 },
  { lines: 3, share: 0.22 },
  { lines: 2, share: 0.3 },
  { lines: 1, share: 0.3 },
]

/** A line of text in a box. */
interface BoxLine {
  readonly text: string
  /** What the followed message is for. */
  readonly isMeant?: boolean
}

interface Fitted {
  readonly clients: readonly StarClient[]
  readonly places: Map<string, Box>
  readonly broker: Box
  readonly brokerLines: readonly BoxLine[]
  boxLines(client: StarClient): readonly BoxLine[]
}

/** As much of the clients as has room side by side: all that is said of them, or less, or only those that the message goes to. */
function fitted(sizes: Sizes, scene: StarScene, box: Box): Fitted {
  const lit = scene.clients.filter(({ isLit }) => isLit)
  const groups = lit.length > 0 && lit.length < scene.clients.length ? [scene.clients, lit] : [scene.clients]
  let best: Fitted | undefined
  const choices = groups.flatMap((clients) => CHOICES.map((choice) => ({ ...choice, clients })))
  for (const { clients, lines, share } of choices) {
    const most = box.width * share
    const boxLines = (client: StarClient): readonly BoxLine[] =>
      linesOf(client, clients.length).slice(0, lines)
    const brokerLines = [scene.broker, ...scene.lines].slice(0, lines).map((text) => ({ text }))
    const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    const broker = sizes.around(centre, brokerLines, most)
    const places = placesOf(
      clients.map((client) => ({ id: client.id, box: sizes.around(ORIGIN, boxLines(client), most) })),
      box,
    )
    best = { clients, places, broker, brokerLines, boxLines }
    if (areApart([broker, ...places.values()])) return best
  }
  return best!
}

/** Of several clients the subscriptions stand in their boxes: beside the arrows there would be no room. */
function linesOf({ id, lines, subscriptions }: StarClient, count: number): BoxLine[] {
  const [state, ...others] = lines.map((text) => ({ text }))
  if (count <= FEW) return [{ text: id }, state, ...others]
  const sorted = [...subscriptions].sort((a, b) => Number(b.isMeant) - Number(a.isMeant))
  const shown = sorted.slice(0, MOST_NAMED)
  const rest = subscriptions.length - shown.length
  return [{ text: id }, state, ...shown, ...(rest > 0 ? [{ text: `+${rest}` }] : []), ...others]
}

/** Pixels between two boxes at least. */
const GAP = 6

function areApart(boxes: readonly Box[]): boolean {
  return boxes.every((a, i) =>
    boxes
      .slice(i + 1)
      .every(
        (b) =>
          a.x + a.width + GAP < b.x ||
          b.x + b.width + GAP < a.x ||
          a.y + a.height + GAP < b.y ||
          b.y + b.height + GAP < a.y,
      ),
  )
}

interface Point {
  readonly x: number
  readonly y: number
}

/** From the client to the broker. */
interface Spoke {
  readonly from: Point
  readonly to: Point
  /** Half the height of the higher of the two boxes. */
  readonly clearance: number
}

interface Sizes {
  /** A box for some lines of text, about a point. */
  around(centre: Point, lines: readonly BoxLine[], most: number): Box
}

const sizesOf = ({ pen, theme }: Surface): Sizes => ({
  around: ({ x, y }, lines, most) => {
    pen.font = `600 ${theme.textSize}px ${theme.font}`
    const wanted = Math.max(...lines.map(({ text }) => pen.measureText(text).width)) + 2 * PADDING
    const width = Math.min(most, Math.max(theme.textSize * 5, wanted))
    const height = theme.textSize * (1.35 * lines.length + 0.7)
    return { x: x - width / 2, y: y - height / 2, width, height }
  },
})

const ORIGIN = { x: 0, y: 0 }

/** Clients stand around the broker, the first one at its left, and clockwise. */
function placesOf(
  clients: readonly { readonly id: string; readonly box: Box }[],
  box: Box,
): Map<string, Box> {
  const boxes = clients.map((client) => client.box)
  const widest = Math.max(0, ...boxes.map(({ width }) => width))
  const highest = Math.max(0, ...boxes.map(({ height }) => height))
  const [rx, ry] = [(box.width - widest) / 2 - MARGIN, (box.height - highest) / 2 - MARGIN]
  return new Map(
    clients.map(({ id }, i) => {
      const angle = Math.PI + (2 * Math.PI * i) / clients.length
      const { width, height } = boxes[i]
      const x = box.x + box.width / 2 + rx * Math.cos(angle) - width / 2
      const y = box.y + box.height / 2 + ry * Math.sin(angle) - height / 2
      return [id, { x, y, width, height }]
    }),
  )
}

function drawBox(
  surface: Surface,
  { x, y, width, height }: Box,
  [name, ...lines]: readonly BoxLine[],
  color: string,
  isOff: boolean,
): void {
  const { pen, theme } = surface
  pen.fillStyle = theme.panel
  pen.strokeStyle = color
  pen.lineWidth = theme.stroke
  pen.setLineDash(isOff ? [3, 3] : [])
  pen.beginPath()
  pen.roundRect(x, y, width, height, 4)
  pen.fill()
  pen.stroke()
  pen.setLineDash([])
  const style = { align: 'center' as const, ground: theme.panel }
  const line = theme.textSize * 1.35
  const top = y + theme.textSize * 0.35 + line / 2
  const middle = x + width / 2
  drawText(surface, fitting(surface, name.text, width - PADDING), middle, top, {
    ...style,
    bold: true,
    color,
  })
  lines.forEach(({ text, isMeant }, i) =>
    drawText(surface, fitting(surface, text, width - PADDING), middle, top + line * (i + 1), {
      ...style,
      bold: isMeant === true,
      color: isMeant === true ? theme.server : theme.muted,
    }),
  )
}

/** Solid while it is there, dashed while the client is away and the broker keeps its session. */
function drawConnection(
  { pen, theme }: Surface,
  { connection, isLit }: StarClient,
  { from, to }: Spoke,
): void {
  if (connection === 'none') return
  pen.strokeStyle = isLit ? theme.text : theme.lineStrong
  pen.lineWidth = theme.stroke * (isLit ? 1.4 : 1)
  pen.setLineDash(connection === 'open' ? [] : connection === 'opening' ? [8, 4] : [2, 5])
  pen.beginPath()
  pen.moveTo(from.x, from.y)
  pen.lineTo(to.x, to.y)
  pen.stroke()
  pen.setLineDash([])
}

/** The way of what is subscribed to, beside the connection: always on the same side of the way to the client. */
function arrowOf({ from, to }: Spoke): {
  readonly start: Point
  readonly end: Point
  readonly nx: number
  readonly ny: number
} {
  const length = Math.max(1, Math.hypot(from.x - to.x, from.y - to.y))
  const [nx, ny] = [((from.y - to.y) / length) * APART, ((to.x - from.x) / length) * APART]
  return { start: { x: to.x + nx, y: to.y + ny }, end: { x: from.x + nx, y: from.y + ny }, nx, ny }
}

/** It stands out where the followed message is for one of the subscriptions. */
function drawArrow({ pen, theme }: Surface, { subscriptions }: StarClient, spoke: Spoke): void {
  if (subscriptions.length === 0) return
  const { start, end } = arrowOf(spoke)
  const isMeant = subscriptions.some((one) => one.isMeant)
  pen.strokeStyle = pen.fillStyle = isMeant ? theme.server : theme.grey
  pen.lineWidth = theme.stroke * (isMeant ? 1.2 : 0.7)
  pen.beginPath()
  pen.moveTo(start.x, start.y)
  pen.lineTo(end.x, end.y)
  pen.stroke()
  drawHead(pen, start, end)
}

/** What is subscribed to, beside the arrow. */
function drawSubscriptions(surface: Surface, { subscriptions }: StarClient, spoke: Spoke): void {
  if (subscriptions.length === 0) return
  const { pen, theme } = surface
  const { from, to, clearance } = spoke
  const { start, end, nx, ny } = arrowOf(spoke)
  const length = Math.hypot(from.x - to.x, from.y - to.y)
  const shown = subscriptions.slice(0, MOST_NAMED)
  const rest = subscriptions.length - shown.length
  const line = theme.textSize * 1.25
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 }
  const isLevel = Math.abs(to.y - from.y) < Math.abs(to.x - from.x) * 0.35
  // Beside a steep arrow, below or above a level one: where no packets go.
  const isBelow = ny > 0
  const count = shown.length + (rest > 0 ? 1 : 0)
  pen.font = `${theme.textSize}px ${theme.mono}`
  const isLong = shown.some(({ text }) => pen.measureText(text).width > length)
  // What is longer than the arrow stands clear of the boxes at its ends.
  const off = isLong ? Math.max(0, clearance - APART) : 0
  const top = isLevel
    ? isBelow
      ? middle.y + off + line * 0.8
      : middle.y - off - line * (count - 0.2)
    : middle.y - (line * (count - 1)) / 2
  const align = isLevel ? 'center' : nx > 0 ? 'left' : 'right'
  const x = isLevel ? middle.x : middle.x + Math.sign(nx) * 6
  const words = [...shown, ...(rest > 0 ? [{ text: `+${rest}`, isMeant: false }] : [])]
  words.forEach((one, i) =>
    drawText(surface, one.text, x, top + i * line, {
      align,
      mono: true,
      bold: one.isMeant,
      size: theme.textSize * 0.95,
      color: one.isMeant ? theme.server : theme.muted,
    }),
  )
}

function drawHead(pen: CanvasRenderingContext2D, from: Point, to: Point): void {
  const angle = Math.atan2(to.y - from.y, to.x - from.x)
  const corner = (turn: number): [number, number] => [
    to.x - 8 * Math.cos(angle + turn),
    to.y - 8 * Math.sin(angle + turn),
  ]
  pen.beginPath()
  pen.moveTo(to.x, to.y)
  pen.lineTo(...corner(0.4))
  pen.lineTo(...corner(-0.4))
  pen.closePath()
  pen.fill()
}

function drawOnSpoke(surface: Surface, packet: StarPacket, { from, to }: Spoke, marked: Marked): DrawnPacket {
  const { pen, theme } = surface
  const { place, flying } = packet
  const x = from.x + place * (to.x - from.x)
  const y = from.y + place * (to.y - from.y)
  const drawn = { pkt: flying.packet.pkt, x, y, flying }
  if (packet.isLit && !flying.dead) {
    pen.strokeStyle = theme.text
    pen.lineWidth = theme.stroke
    pen.beginPath()
    pen.arc(x, y, 8, 0, 2 * Math.PI)
    pen.stroke()
  }
  const angle = Math.atan2(to.y - from.y, to.x - from.x)
  drawPacket(surface, drawn, packet.fromClient ? theme.client : theme.server, marked, angle)
  return drawn
}
