/** The bits of the flags octet of a TCP header (RFC 9293 3.1, RFC 3168). */
export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10
export const URG = 0x20
export const ECE = 0x40
export const CWR = 0x80

const NAMES: readonly (readonly [number, string])[] = [
  [SYN, 'SYN'],
  [FIN, 'FIN'],
  [RST, 'RST'],
  [PSH, 'PSH'],
  [ACK, 'ACK'],
  [URG, 'URG'],
  [ECE, 'ECE'],
  [CWR, 'CWR'],
]

/** The flags that are set, such as `SYN ACK`. */
export function flagNames(flags: number): string {
  let text = ''
  for (const [bit, name] of NAMES) if (flags & bit) text += text === '' ? name : ` ${name}`
  return text
}
