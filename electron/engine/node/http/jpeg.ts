/**
 * A JPEG file without a picture: what is sent as `image/jpeg` must be one, for analysers take it apart (ITU T.81 B.1, JFIF 1.02).
 * It is made of comments, so that it can have any length and any bytes.
 */
import { bytesContent, wholeOf, type Content } from './content.ts'

const START = [0xff, 0xd8]
/** The application segment that makes it JFIF: version 1.02, no unit, 1 by 1, no thumbnail. */
const JFIF = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 2, 0, 0, 1, 0, 1, 0, 0]
const END = [0xff, 0xd9]
/** Marker and length of a comment. */
const COMMENT_HEADER = 4
/** The length counts its own two octets. */
const LONGEST_COMMENT = COMMENT_HEADER + 0xffff - 2

/** As long as `content`, with its bytes in comments; what is too short to hold a JPEG file stays as it is. */
export function jpegContent(content: Content): Content {
  let room = content.length - START.length - JFIF.length - END.length
  if (room < COMMENT_HEADER) return content
  const bytes = wholeOf(content)
  const parts: Uint8Array[] = [Uint8Array.from([...START, ...JFIF])]
  for (let from = 0; room > 0;) {
    // What would be left must be a comment again, or nothing.
    const length = room <= LONGEST_COMMENT ? room : Math.min(LONGEST_COMMENT, room - COMMENT_HEADER)
    const size = length - COMMENT_HEADER
    parts.push(
      Uint8Array.from([0xff, 0xfe, (size + 2) >> 8, (size + 2) & 0xff]),
      bytes.subarray(from, from + size),
    )
    from += size
    room -= length
  }
  return bytesContent(Buffer.concat([...parts, Uint8Array.from(END)]))
}
