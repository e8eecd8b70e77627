/** The signs that stand for one thing everywhere, as outlines; a sign is known without its colour. */

/** A packet died here. */
export const CROSS = 'path://M0,0L10,10M10,0L0,10'
/** A segment was sent again: the letter R. */
export const RETRANSMISSION = 'path://M1,10L1,0L5,0C9,0,9,5.4,5,5.4L1,5.4M4.6,5.4L8,10'

/** Item style of an outline: drawn by its border alone. */
export const outline = (color: string, width = 1.6) => ({
  color: 'transparent',
  borderColor: color,
  borderWidth: width,
})

/** How a line looks in the legend. */
export const LINE_ICONS = {
  solid: 'path://M0,4H20V6H0Z',
  dashed: 'path://M0,4H5V6H0ZM7.500,4H12.500V6H7.500ZM15,4H20V6H15Z',
  dotted: 'path://M0,4H2V6H0ZM4.500,4H6.500V6H4.500ZM9,4H11V6H9ZM13.500,4H15.500V6H13.500ZM18,4H20V6H18Z',
} as const

/** How a filled area with a pattern looks in the legend. */
export const AREA_ICONS = {
  plain: 'path://M0,0H20V10H0Z',
  rising:
    'path://M0,10L10,0H13L3,10ZM5,10L15,0H18L8,10ZM10,10L20,0V3L13,10ZM0,5L5,0H8L0,8ZM15,10L20,5V8L18,10Z',
  falling: 'path://M0,0L10,10H13L3,0ZM5,0L15,10H18L8,0ZM10,0L20,10V7L13,0ZM0,5L5,10H8L0,2ZM15,0L20,5V2L18,0Z',
  upright: 'path://M0,0H3V10H0ZM5.600,0H8.600V10H5.600ZM11.300,0H14.300V10H11.300ZM17,0H20V10H17Z',
} as const

/** Black or white, whichever is read better on this colour (`#rrggbb`). WCAG 2, relative luminance. */
export function inkOn(color: string): string {
  const channel = (at: number): number => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
  return luminance > 0.18 ? '#0b0f13' : '#ffffff'
}

/** Something came once more. */
export const RING = 'path://M5,0A5,5,0,1,1,5,10A5,5,0,1,1,5,0Z'
/** Something was taken for what it is not. */
export const TRIANGLE = 'path://M0,10L5,0L10,10Z'
