import { describe, expect, it } from 'vitest'
import { CERTIFICATE_FAULTS } from '../../../shared/tls.ts'
import { messages } from '../../../renderer/locales/index.ts'
import { detailSentence } from '../../../renderer/views/certificates/detail.ts'
import { happenings, perform } from '../../support/program-run.ts'
import { exchange } from '../../support/tls-exchange.ts'

const { detail: english } = messages.en.view.certificates
const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => values[name])

/** The details of all checks of a run with a certificate that has a fault. */
async function detailsOf(certificateFault: (typeof CERTIFICATE_FAULTS)[number]): Promise<string[]> {
  const run = await perform(exchange(), {
    serverTls: { certificateFault },
    clientTls: { acceptAnyway: true },
  })
  const events = happenings(run) as { name: string; data: { detail: string } }[]
  return events.filter(({ name }) => name === 'security:certificate_checked').map(({ data }) => data.detail)
}

describe('what a check compared', () => {
  it.each(CERTIFICATE_FAULTS)('has a message in both languages: %s', async (fault) => {
    const details = await detailsOf(fault)
    expect(details.length).toBeGreaterThan(3)
    for (const detail of details) {
      const sentence = detailSentence(detail)
      expect(sentence, detail).toBeDefined()
      const { key, values } = sentence!
      expect(filled(english[key as keyof typeof english], values)).toBe(detail)
    }
  })

  it.each(Object.entries(english))('is recognised as it is worded: %s', (key, template) => {
    const values = Object.fromEntries(
      [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, `a-${name}`]),
    )
    expect(detailSentence(filled(template, values))).toEqual({ key, values })
  })

  it('is left as it is when a recording made it up', () => {
    expect(detailSentence('<b>whatever</b>')).toBeUndefined()
  })
})
