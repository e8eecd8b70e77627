/** The colours and letters of the charts. One meaning has one sign everywhere (DESIGN 10); hues after Okabe and Ito. */

export interface ChartTheme {
  readonly ground: string
  readonly panel: string
  readonly text: string
  readonly muted: string
  readonly faint: string
  readonly line: string
  readonly lineStrong: string
  readonly client: string
  readonly server: string
  readonly loss: string
  readonly retransmission: string
  /** Selective acknowledgments. */
  readonly sack: string
  /** Knob changes and marks. */
  readonly change: string
  /** In flight, and what is waiting for nothing. */
  readonly grey: string
  readonly yellow: string
  readonly sky: string
  readonly font: string
  readonly mono: string
  /** Pixels of the smallest text; all else follows from it. */
  readonly textSize: number
  /** Width of data lines. */
  readonly stroke: number
}

const FONTS = {
  font: 'Inter, system-ui, sans-serif',
  mono: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
  textSize: 11,
  stroke: 1.5,
}

export const DARK: ChartTheme = {
  ...FONTS,
  ground: '#0f1419',
  panel: '#141a21',
  text: '#e6ebf0',
  muted: '#a3b0bd',
  faint: '#7f8d9b',
  line: '#27313c',
  lineStrong: '#3a4754',
  client: '#56b4e9',
  server: '#2fc08f',
  loss: '#ff6b3d',
  retransmission: '#e69f00',
  sack: '#d995c0',
  change: '#f0e442',
  grey: '#8b98a5',
  yellow: '#f0e442',
  sky: '#9bd3f5',
}

export const LIGHT: ChartTheme = {
  ...FONTS,
  ground: '#ffffff',
  panel: '#f5f7f9',
  text: '#16202a',
  muted: '#4a5866',
  faint: '#647281',
  line: '#dbe1e8',
  lineStrong: '#b6c1cc',
  client: '#0072b2',
  server: '#008a68',
  loss: '#d55e00',
  retransmission: '#b57b00',
  sack: '#a8588a',
  change: '#8a6100',
  grey: '#6b7885',
  yellow: '#d9c400',
  sky: '#7cc0ea',
}
