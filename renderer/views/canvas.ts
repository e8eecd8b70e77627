/** A canvas that a view draws on by hand: sharp on every screen, redrawn by the window's frame scheduler. */
import { storeToRefs } from 'pinia'
import { onBeforeUnmount, onMounted, type ShallowRef, type WatchSource } from 'vue'
import type { ChartTheme } from '../../shared/charts/theme.ts'
import { chartTheme } from '../charts/theme.ts'
import { useRedraw } from '../frame.ts'
import { usePreferences } from '../stores/preferences.ts'

export interface Surface {
  readonly pen: CanvasRenderingContext2D
  /** CSS pixels. */
  readonly width: number
  readonly height: number
  readonly theme: ChartTheme
}

/**
 * `paint` is called with an empty canvas of the size of `canvas`'s parent whenever one of `sources`, the theme, the
 * language or the size changes. Returns a function that asks for one more.
 */
export function useCanvas(
  canvas: Readonly<ShallowRef<HTMLCanvasElement | null>>,
  paint: (surface: Surface) => void,
  sources: WatchSource[],
): () => void {
  const { theme, locale } = storeToRefs(usePreferences())
  let observer: ResizeObserver | undefined

  function draw(): void {
    const element = canvas.value
    const host = element?.parentElement
    const pen = element?.getContext('2d')
    if (!element || !host || !pen || host.clientWidth === 0 || host.clientHeight === 0) return
    const { clientWidth: width, clientHeight: height } = host
    const ratio = window.devicePixelRatio || 1
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (element.width !== w || element.height !== h) {
      element.width = w
      element.height = h
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, width, height)
    paint({ pen, width, height, theme: chartTheme(theme.value) })
  }

  const redraw = useRedraw(draw, [theme, locale, ...sources])
  onMounted(() => {
    observer = new ResizeObserver(redraw)
    if (canvas.value?.parentElement) observer.observe(canvas.value.parentElement)
  })
  onBeforeUnmount(() => observer?.disconnect())
  return redraw
}

/** Where a pointer is inside the element that listens. */
export function pointIn(event: MouseEvent): { x: number; y: number } {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
  return { x: event.clientX - box.left, y: event.clientY - box.top }
}

/** The cross of a lost packet. */
export function drawCross(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  color: string,
): void {
  const half = size / 2
  pen.strokeStyle = color
  pen.lineWidth = Math.max(1.6, size / 5)
  pen.beginPath()
  pen.moveTo(x - half, y - half)
  pen.lineTo(x + half, y + half)
  pen.moveTo(x - half, y + half)
  pen.lineTo(x + half, y - half)
  pen.stroke()
}

/** Words with a rim of the ground's colour, so that they are read over lines. */
export function drawText(
  { pen, theme }: Surface,
  text: string,
  x: number,
  y: number,
  style: {
    readonly color?: string
    readonly size?: number
    readonly align?: CanvasTextAlign
    readonly baseline?: CanvasTextBaseline
    readonly mono?: boolean
    readonly bold?: boolean
    readonly ground?: string
  } = {},
): void {
  const size = style.size ?? theme.textSize
  pen.font = `${style.bold ? '600 ' : ''}${size}px ${style.mono ? theme.mono : theme.font}`
  pen.textAlign = style.align ?? 'left'
  pen.textBaseline = style.baseline ?? 'middle'
  pen.lineJoin = 'round'
  pen.lineWidth = 3
  pen.strokeStyle = style.ground ?? theme.ground
  pen.strokeText(text, x, y)
  pen.fillStyle = style.color ?? theme.text
  pen.fillText(text, x, y)
}
