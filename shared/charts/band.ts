/** The area between two lines of steps, as one shape. */
import type { Picture, Points } from './picture.ts'

/** The outline in pixels of what lies between two lines that hold each value until the next; empty: there is nothing yet. */
export function bandPath({ context, plots }: Picture, plot: number, low: Points, high: Points): string {
  const { range } = context
  const { x, y, width, height, scale } = plots[plot]
  const toX = (t: number): number => x + ((t - range.from) / (range.to - range.from)) * width
  const toY = (value: number): number => y + (1 - (value - scale.min) / (scale.max - scale.min)) * height
  const cornersOf = (points: Points): string[] => {
    const corners: string[] = []
    for (let i = 0; i < points.length; i += 2) {
      const at = toX(points[i]).toFixed(1)
      if (i > 0) corners.push(`${at},${toY(points[i - 1]).toFixed(1)}`)
      corners.push(`${at},${toY(points[i + 1]).toFixed(1)}`)
    }
    return corners
  }
  if (low.length < 4 || high.length < 4) return ''
  return `M${[...cornersOf(high), ...cornersOf(low).reverse()].join('L')}Z`
}
