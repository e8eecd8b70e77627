/** Draws the handshakes of a message: a line for each packet and each time that it was sent, and what reached the applications. */
import { momentText } from '../../../shared/charts/axes.ts'
import { reasonText } from '../../../shared/charts/reasons.ts'
import { drawText, type Surface } from '../canvas.ts'
import {
  drawLineEnd,
  drawLineWords,
  layoutOf,
  paintLadderFrame,
  stroke,
  type Layout,
  type Line,
  type LineWords,
} from '../ladder-frame.ts'
import type { HandOver, HandshakeScene, Try } from './handshake-scene.ts'

export interface HandshakeMarks {
  /** Row of the packet that is selected in `mqtt:packet`, and of the one under the pointer. */
  readonly selected: number | null
  readonly pointed: number | null
  readonly words: {
    /** Said of what TCP sends once more, and of what never left. */
    readonly again: string
    readonly unsent: string
    /** Said where an application got the message for the second, third ... time. */
    readonly copy: (copy: number) => string
  }
}

export interface DrawnTry extends Line {
  readonly one: Try
}

/** How far a packet that never left is drawn, as a share of its way. */
const STUB = 0.06

export function paintHandshake(
  surface: Surface,
  scene: HandshakeScene,
  marks: HandshakeMarks,
): { readonly drawn: DrawnTry[]; readonly layout: Layout } {
  const { frame } = scene
  const layout = layoutOf(surface, frame.range, frame.silences)
  const drawn = scene.tries.map((one) => place(layout, one, frame.sides.length))
  paintLadderFrame(surface, layout, frame, () => {
    for (const line of drawn) drawTry(surface, line, marks)
    // Lines between the same two columns keep their words apart from each other, not from those of others.
    for (let column = 0; column < frame.sides.length; column++)
      drawLineWords(
        surface,
        layout,
        drawn.filter(({ one }) => Math.max(one.from, one.to) === column),
        (line) => wordsOf(surface, line, frame.language, marks),
      )
    for (const line of drawn) {
      const fate = line.one.path?.packet.fate
      const end = fate === 'dropped' ? 'died' : fate === 'delivered' ? 'arrived' : 'under_way'
      drawLineEnd(surface, line, end, colorOf(surface, line.one))
    }
    for (const one of scene.handOvers) drawHandOver(surface, layout, one, frame.sides.length, marks)
  })
  return { drawn, layout }
}

const xOf = ({ left, right }: Layout, column: number, count: number): number =>
  left + ((right - left) * column) / Math.max(1, count - 1)

function place(layout: Layout, one: Try, count: number): DrawnTry {
  const [start, end] = [xOf(layout, one.from, count), xOf(layout, one.to, count)]
  const { path, step } = one
  const share = path ? path.to : STUB
  const y1 = layout.toY(path?.packet.t ?? step.t)
  return {
    one,
    x1: start,
    y1,
    x2: start + share * (end - start),
    y2: path ? layout.toY(path.packet.until) : y1,
    up: end >= start,
    reach: Math.max(1, Math.abs(end - start)),
  }
}

const isAgain = ({ step, place: at }: Try): boolean => step.dup || at > 0

function colorOf({ theme }: Surface, one: Try): string {
  if (isAgain(one)) return theme.retransmission
  return one.step.from === 'client' ? theme.client : theme.server
}

function drawTry(surface: Surface, line: DrawnTry, { selected, pointed }: HandshakeMarks): void {
  const { pen, theme } = surface
  const { x1, y1, x2, y2, one } = line
  const isSelected = one.step.row === selected
  if (isSelected || one.step.row === pointed) {
    pen.strokeStyle = theme.text
    pen.globalAlpha = isSelected ? 0.35 : 0.2
    pen.lineWidth = 7
    stroke(pen, x1, y1, x2, y2)
    pen.globalAlpha = 1
  }
  pen.strokeStyle = colorOf(surface, one)
  pen.lineWidth = theme.stroke * (one.step.type === 'PUBLISH' ? 1.2 : 0.7)
  stroke(pen, x1, y1, x2, y2)
}

function wordsOf(
  surface: Surface,
  { one }: DrawnTry,
  language: HandshakeScene['frame']['language'],
  { words }: HandshakeMarks,
): LineWords {
  const { step, path, place: at } = one
  const isPublish = step.type === 'PUBLISH'
  const parts = [
    step.type,
    step.dup && 'DUP',
    isPublish && `QoS\u00a0${step.qos}`,
    step.id > 0 && `id\u00a0${step.id}`,
    step.retain && 'RETAIN',
    at > 0 && words.again,
  ]
  const died = path?.packet.fate === 'dropped'
  return {
    short: parts.filter(Boolean).join(' '),
    details: momentText(path?.packet.t ?? step.t),
    end: died ? `  ✕ ${reasonText(language, path.packet.reason)}` : path ? '' : `  ${words.unsent}`,
    color: died ? surface.theme.loss : colorOf(surface, one),
  }
}

/** A diamond at the line of a subscriber: its application has the message. */
function drawHandOver(
  surface: Surface,
  layout: Layout,
  { t, column, copy }: HandOver,
  count: number,
  { words }: HandshakeMarks,
): void {
  const { pen, theme } = surface
  const x = xOf(layout, column, count)
  const y = layout.toY(t)
  const size = theme.textSize * 0.45
  pen.fillStyle = copy > 1 ? theme.retransmission : theme.text
  pen.strokeStyle = theme.ground
  pen.lineWidth = 1.5
  pen.beginPath()
  pen.moveTo(x, y - size)
  pen.lineTo(x + size, y)
  pen.lineTo(x, y + size)
  pen.lineTo(x - size, y)
  pen.closePath()
  pen.fill()
  pen.stroke()
  if (copy === 1) return
  const isFirst = column === 0
  // Below the words of the answer, which leaves at the same moment.
  drawText(surface, words.copy(copy), x + (isFirst ? 1 : -1) * size * 1.8, y + theme.textSize * 2.6, {
    align: isFirst ? 'left' : 'right',
    color: theme.retransmission,
    size: theme.textSize * 0.95,
  })
}
