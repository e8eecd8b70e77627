/** Header fields taken apart (RFC 9110 5, RFC 6265 4). */

type Fields = readonly (readonly [name: string, value: string])[]

export interface Cookie {
  readonly name: string
  readonly value: string
  readonly path?: string
  readonly domain?: string
  /** ISO 8601. */
  readonly expires?: string
  readonly httpOnly?: boolean
  readonly secure?: boolean
}

const valuesOf = (fields: Fields, wanted: string): string[] =>
  fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))

/** The first value of a field; names know no case. */
export const valueOf = (fields: Fields, wanted: string): string | undefined => valuesOf(fields, wanted)[0]

/** `name=value`, blanks around both taken off. */
function pairOf(text: string): [name: string, value: string] {
  const equals = text.indexOf('=')
  return equals < 0 ? [text.trim(), ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()]
}

/** What a client sends back (RFC 6265 4.2); HTTP/2 may split the field (RFC 9113 8.2.3). */
export const cookiesOfRequest = (fields: Fields): Cookie[] =>
  valuesOf(fields, 'cookie')
    .flatMap((value) => value.split(';'))
    .filter((pair) => pair.trim() !== '')
    .map(pairOf)
    .map(([name, value]) => ({ name, value }))

function cookieOf(text: string): Cookie {
  const [pair, ...rest] = text.split(';')
  const [name, value] = pairOf(pair)
  const attributes = new Map(
    rest.map(pairOf).map(([attribute, given]) => [attribute.toLowerCase(), given] as const),
  )
  const path = attributes.get('path')
  const domain = attributes.get('domain')
  const expires = Date.parse(attributes.get('expires') ?? '')
  return {
    name,
    value,
    ...(path === undefined ? {} : { path }),
    ...(domain === undefined ? {} : { domain }),
    ...(Number.isNaN(expires) ? {} : { expires: new Date(expires).toISOString() }),
    httpOnly: attributes.has('httponly'),
    secure: attributes.has('secure'),
  }
}

/** What a server sets (RFC 6265 4.1). */
export const cookiesOfResponse = (fields: Fields): Cookie[] => valuesOf(fields, 'set-cookie').map(cookieOf)
