/** A thing that a site has, at a moment: which content it has by then, and since when. */
import type { Resource as ResourceSetup } from '../../../../shared/http.ts'
import type { Rng } from '../../../protocol/random.ts'
import type { Payload } from '../../apps/payload.ts'
import { encode, type Coding } from './coding.ts'
import {
  bytesContent,
  digestOf,
  lettersContent,
  textContent,
  wholeOf,
  wordsContent,
  type Content,
} from './content.ts'
import { jpegContent } from './jpeg.ts'
import { objectTarget, writePage } from './page.ts'

/** What has not changed since the run began is as old as this then: a day. */
const AGE_AT_START_MS = 86_400_000
const DEFAULT_TYPE = 'application/octet-stream'

/** One of the forms in which a resource can be had: by media type and coding. */
export interface Representation {
  readonly type: string
  readonly coding: Coding
  readonly content: Content
}

export class Resource {
  readonly target: string
  readonly setup: ResourceSetup
  /** The media types that it can be had in, the usual one first. */
  readonly types: readonly string[]
  private readonly rng: Rng
  private readonly payload: Payload
  /** Its place among all of the site, which makes its letters its own. */
  private readonly place: number
  private readonly made = new Map<string, Content>()
  private readonly etags = new Map<Content, string>()

  constructor(target: string, setup: ResourceSetup, from: { rng: Rng; payload: Payload; place: number }) {
    this.target = target
    this.setup = setup
    this.rng = from.rng
    this.payload = from.payload
    this.place = from.place
    this.types = setup.variants.length > 0 ? setup.variants.map(({ type }) => type) : [usualType(setup)]
  }

  /** When it came to be as it is, in milliseconds from the beginning of the run. */
  modifiedAt(now: number): number {
    const changes = this.setup.changes.filter(({ at }) => at <= now)
    return changes.length === 0 ? -AGE_AT_START_MS : Math.max(...changes.map(({ at }) => at)) / 1000
  }

  /** The representation at the moment `now`, in lab time. */
  representation(now: number, type: number, coding: Coding): Representation {
    const version = this.setup.changes.filter(({ at, kind }) => at <= now && kind === 'edit').length
    const plain = this.once(`${version}/${type}`, () => this.make(version, type))
    const content =
      coding === 'identity'
        ? plain
        : this.once(`${version}/${type}/${coding}`, () => bytesContent(encode(coding, wholeOf(plain))))
    return { type: this.types[type], coding, content }
  }

  /** A strong validator (RFC 9110 8.8.3): of the bytes as they are sent, so another one for each coding. */
  etagOf({ content }: Representation): string {
    const etag = this.etags.get(content) ?? `"${digestOf(content).slice(0, 16)}"`
    this.etags.set(content, etag)
    return etag
  }

  private make(version: number, type: number): Content {
    const { setup } = this
    const size = setup.variants[type]?.size ?? setup.size
    if (setup.objects > 0) {
      const links = Array.from({ length: setup.objects }, (_, i) => objectTarget(i + 1))
      return textContent(writePage(`Page, edition ${version + 1}`, links, size))
    }
    if (setup.compressible)
      return wordsContent(this.rng.fork(`words:${this.target}:${version}:${type}`), size)
    const letters = lettersContent(this.payload, (this.place * 64 + type) * 4096 + version, size)
    return this.types[type] === 'image/jpeg' ? jpegContent(letters) : letters
  }

  private once(name: string, make: () => Content): Content {
    const content = this.made.get(name) ?? make()
    this.made.set(name, content)
    return content
  }
}

function usualType({ type, objects, behaviour, compressible }: ResourceSetup): string {
  if (type !== DEFAULT_TYPE) return type
  if (objects > 0 || behaviour === 'session') return 'text/html; charset=utf-8'
  if (behaviour === 'orders') return 'application/json'
  return compressible ? 'text/plain' : type
}
