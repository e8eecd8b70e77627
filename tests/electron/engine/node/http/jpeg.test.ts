/** Contents that are sent as JPEG are JPEG files. */
import { expect, it } from 'vitest'
import { bytesContent, wholeOf } from '../../../../../electron/engine/node/http/content.ts'
import { jpegContent } from '../../../../../electron/engine/node/http/jpeg.ts'

const letters = (length: number, letter = 0x61) => bytesContent(new Uint8Array(length).fill(letter))

/** The markers of a file, each segment as long as it says (ITU T.81 B.1.1.4). */
function markersOf(file: Buffer): number[] {
  const markers: number[] = []
  for (let at = 0; at < file.length;) {
    expect(file[at]).toBe(0xff)
    const marker = file[at + 1]
    markers.push(marker)
    at += marker === 0xd8 || marker === 0xd9 ? 2 : 2 + file.readUInt16BE(at + 2)
    expect(at).toBeLessThanOrEqual(file.length)
  }
  return markers
}

it.each([26, 27, 1_000, 80_000, 65_537 + 22, 65_537 + 23, 65_537 + 25, 65_537 + 26, 65_537 + 27, 200_000])(
  '%d bytes: as long as before, from its start to its end',
  (length) => {
    const content = jpegContent(letters(length))
    const file = wholeOf(content)
    expect([content.length, file.length]).toEqual([length, length])
    const [start, application, ...rest] = markersOf(file)
    expect([start, application, rest.at(-1)]).toEqual([0xd8, 0xe0, 0xd9])
    expect(rest.slice(0, -1).every((marker) => marker === 0xfe)).toBe(true)
    expect(file.toString('latin1', 6, 10)).toBe('JFIF')
  },
)

it('differs where the content differs', () => {
  expect(wholeOf(jpegContent(letters(500, 0x62)))).not.toEqual(wholeOf(jpegContent(letters(500))))
})

it('leaves alone what is too short for it', () => {
  expect(wholeOf(jpegContent(letters(25)))).toEqual(wholeOf(letters(25)))
})
