/** Asking for news: every so often, or again as soon as there was an answer. */
import { ToldExchange, type Borrowed } from '../http/borrowed.ts'
import { Pool } from '../http/pool.ts'
import type { Cancel } from '../program.ts'
import type { Ear, Way } from './feed-client.ts'

/** After a failure nobody asks again at once. */
export const RETRY_AFTER = 1_000_000

const NOTHING = new Uint8Array(0)

export interface PollingSettings {
  readonly path: string
  /** From asking to asking again, in microseconds; it does not ask again before there was an answer. */
  readonly interval: number
}

export class Polling implements Way {
  private readonly place: Borrowed
  private readonly settings: PollingSettings
  private readonly ear: Ear
  private readonly ended: () => void
  private readonly pool: Pool
  private cancel: Cancel | undefined
  private requests = 0

  constructor(place: Borrowed, settings: PollingSettings, ear: Ear, ended: () => void) {
    this.place = place
    this.settings = settings
    this.ear = ear
    this.ended = ended
    this.pool = new Pool(place.lab, place.setup)
  }

  start(): void {
    this.ask()
  }

  stop(): void {
    this.cancel?.()
    this.pool.stop()
  }

  private ask(): void {
    const { lab } = this.place
    const next = lab.now() + this.settings.interval
    const target = `${this.settings.path}?after=${this.ear.last}`
    const chunks: Uint8Array[] = []
    const told = new ToldExchange(
      this.place,
      { number: ++this.requests, method: 'GET', target },
      {
        content: (bytes) => chunks.push(bytes),
        finished: () => {
          for (const text of readNews(Buffer.concat(chunks).toString())) this.ear.hear(text, told.trace)
          if (this.ear.isContent) this.pool.close(this.ended)
          else this.askAfter(Math.max(0, next - lab.now()))
        },
        failed: () => this.askAfter(RETRY_AFTER),
      },
    )
    const fields = { accept: 'application/json' }
    this.pool.send({ method: 'GET', target, fields, body: NOTHING, readDelay: 0 }, told)
  }

  private askAfter(span: number): void {
    this.cancel = this.place.lab.after(span, () => this.ask())
  }
}

/** The messages in an answer: a list of texts, or nothing. What is not that has no news. */
function readNews(content: string): readonly string[] {
  if (content === '') return []
  try {
    const news: unknown = JSON.parse(content)
    return Array.isArray(news) ? news.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}
