/** Starts a Chromium of this machine for a test, quiet and clean, and leaves nothing behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'
import { findChromium } from './tools.ts'

export interface Browser {
  readonly context: BrowserContext
  /** Ends the browser and removes its profile. */
  close(): Promise<void>
}

export interface BrowserOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  readonly locale?: string
  /** Speak QUIC with localhost on this port, whose certificate has this hash (SHA-256 of its key, base64). */
  readonly quic?: { readonly port: number; readonly spki: string }
}

/** The browser may not call home, neither for its updates nor for its lists. */
const quiet = [
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** QUIC stays off so that TCP is seen, unless it is the point. */
const quicArguments = (quic: BrowserOptions['quic']): string[] =>
  quic === undefined
    ? ['--disable-quic']
    : [
        `--origin-to-force-quic-on=localhost:${quic.port}`,
        // It would try ::1 first, and of QUIC take that for the answer.
        '--host-resolver-rules=MAP localhost 127.0.0.1',
        `--ignore-certificate-errors-spki-list=${quic.spki}`,
      ]

/**
 * Launches a headless browser with an empty profile. Throws when there is none; guard the tests with
 * `describe.skipIf(!findChromium())`. Sizes are in CSS pixels.
 */
export async function launchChromium(options: BrowserOptions = {}): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium on this machine')
  const { width = 1440, height = 900, colorScheme = 'light', locale = 'en-US', quic } = options
  const profile = mkdtempSync(join(tmpdir(), 'rexmit-chromium-'))
  const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      chromiumSandbox: process.getuid?.() !== 0, // Chromium refuses to run as root with its sandbox
      args: [...quiet, ...quicArguments(quic)],
      viewport: { width, height },
      colorScheme,
      locale,
      acceptDownloads: true,
    })
    const close = async () => {
      await context.close()
      remove()
    }
    return { context, close }
  } catch (error) {
    remove()
    throw error
  }
}
