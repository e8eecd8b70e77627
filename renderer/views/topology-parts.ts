/** What the pictures of networks share: queues before links, packets on the wire, words where there is room for them. */
import type { FlyingPacket } from '../../shared/projections/flight.ts'
import { drawCross, type Surface } from './canvas.ts'
import { isNewData } from '../../shared/tcp-causes.ts'

export interface TopologyDirection {
  readonly bytes: number
  readonly packets: number
  /** What the queue holds at most, or the most that it has held. */
  readonly limit: number
  /** What is set on it, in words. */
  readonly settings: string
}

export interface DrawnPacket {
  readonly pkt: number
  readonly x: number
  readonly y: number
  readonly flying: FlyingPacket
}

/** The packet that is selected, and the one under the pointer. */
export interface Marked {
  readonly selected: number | null
  readonly pointed: number | null
}

/** As many of the settings as have room, the first ones first; of the first at least its beginning. */
export function fitting({ pen, theme }: Surface, settings: string, width: number): string {
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

/** A packet on the wire, data solid, what carries none thin, and what reports on others a diamond; a cross where one died. `angle`: of the wire. */
export function drawPacket(
  { pen, theme }: Surface,
  { pkt, x, y, flying: { packet, dead } }: DrawnPacket,
  color: string,
  { selected, pointed }: Marked,
  angle = 0,
): void {
  if (dead) {
    drawCross(pen, x, y, theme.textSize * 0.9, theme.loss)
    return
  }
  const { segment } = packet
  const again = segment !== undefined && !isNewData(segment.cause)
  pen.save()
  pen.translate(x, y)
  pen.rotate(angle)
  pen.fillStyle = again ? theme.retransmission : color
  if (packet.protocol === 'ICMP') drawDiamond(pen)
  else if ((segment?.payload ?? packet.size) > 0) pen.fillRect(-3, -4.5, 6, 9)
  else pen.fillRect(-1, -4.5, 2, 9)
  if (pkt === selected || pkt === pointed) {
    pen.strokeStyle = theme.text
    pen.lineWidth = pkt === selected ? 1.6 : 0.8
    pen.strokeRect(-5.5, -7.5, 11, 15)
  }
  pen.restore()
}

function drawDiamond(pen: CanvasRenderingContext2D): void {
  pen.beginPath()
  pen.moveTo(-5, 0)
  pen.lineTo(0, -5)
  pen.lineTo(5, 0)
  pen.lineTo(0, 5)
  pen.closePath()
  pen.fill()
}

/** A box that fills up, away from the wire, with the bytes in it; `y` is its middle. */
export function drawQueue(
  { pen, theme }: Surface,
  { bytes, limit }: TopologyDirection,
  {
    x,
    y,
    width,
    height,
  }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  mirrored: boolean,
): void {
  const share = limit > 0 ? Math.min(1, bytes / limit) : 0
  pen.fillStyle = theme.panel
  pen.fillRect(x, y - height / 2, width, height)
  pen.fillStyle = share > 0.95 ? theme.loss : theme.yellow
  const filled = share * width
  pen.fillRect(mirrored ? x : x + width - filled, y - height / 2, filled, height)
  pen.strokeStyle = theme.lineStrong
  pen.lineWidth = 1
  pen.strokeRect(x + 0.5, y - height / 2 + 0.5, width - 1, height - 1)
}
