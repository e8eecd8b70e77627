import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { planExperiment } from '../../../electron/engine/plan.ts'
import { applyChanges, resolveExperiment, valueAt } from '../../../electron/engine/settings.ts'
import { Setup } from '../../../shared/experiment.ts'
import { findExperiment } from '../../../shared/experiments/index.ts'
import { smallExperiment, smallSetup } from '../../support/runs.ts'

const setup = v.parse(Setup, smallSetup())
const knobs = findExperiment('tcp-bulk')!.knobs

const after = (changes: Record<string, unknown>, path: string): unknown => {
  const result = applyChanges(setup, changes, knobs)
  if (!result.ok) throw new Error(result.error.message)
  return valueAt(result.value, path)
}
const errorOf = (changes: Record<string, unknown>) => {
  const result = applyChanges(setup, changes, knobs)
  if (result.ok) throw new Error('it was accepted')
  return result.error
}

describe('setting by path', () => {
  it('changes that value and leaves the given set-up alone', () => {
    expect(after({ 'links.link.up.loss.rate': 0.02 }, 'links.link.up.loss.rate')).toBe(0.02)
    expect(valueAt(setup, 'links.link.up.loss.rate')).toBe(0)
  })

  it('reaches settings that have no default', () => {
    expect(after({ 'hosts.client.tcp.initialSequence': 7 }, 'hosts.client.tcp.initialSequence')).toBe(7)
  })

  it.each([
    ['links.link.up.loss.rate', '2%', 0.02],
    ['links.link.up.loss.rate', '0.02', 0.02],
    ['links.link.up.rate.limit', '10mbit', 10e6],
    ['links.link.up.delay', '25ms', 25_000],
    ['links.link.up.delay', '25000', 25_000],
    ['links.link.up.queue.limit', '64kB', 64_000],
    ['links.link.up.queue.limit', '100', 100],
    ['links.link.up.jitter.amount', '1ms', 1_000],
    ['links.link.up.jitter.distribution', 'normal', 'normal'],
    ['links.link.up.outage.down', 'on', true],
    ['links.link.up.drop', '12,40-42', [12, 40, 41, 42]],
    ['links.link.up.drop', '[1,2]', [1, 2]],
    ['hosts.client.tcp.congestion', 'newreno', 'newreno'],
    ['hosts.client.tcp.minRto', '200ms', 200_000],
    ['hosts.client.tcp.sack', 'false', false],
    ['hosts.client.tcp.receiveBuffer', '64KiB', 65_536],
    ['apps.sender.bytes', '5MB', 5_000_000],
    ['apps.sender.closeDelay', '70ms', 70_000],
    ['apps.sink.readSize', '2kB', 2_000],
    ['hosts.server.power', 'off', 'off'],
  ])('reads %s=%s as the terminal gives it', (path, text, value) => {
    expect(after({ [path]: text }, path)).toEqual(value)
  })

  it.each([
    ['links.link.up.loss.rate', 2, '<=1'],
    ['links.link.up.loss.rate', '200%', 'a share such as 2% or 0.02, from 0 to 1'],
    ['links.link.up.delay', 'soon', 'a span of time such as 25ms, 1.5s or 200us'],
    ['links.link.up.outage.down', 'maybe', 'true or false'],
    ['links.link.up.drop', '[1', 'JSON, such as [] or [1,2]'],
    ['hosts.client.tcp.mss', 10, '>=64'],
    ['apps.sender.to', 'nobody', 'a host: client or server'],
  ])('refuses %s=%s and says what is allowed', (path, value, allowed) => {
    expect(errorOf({ [path]: value })).toMatchObject({
      code: 'invalid',
      field: path,
      value: String(value),
      allowed,
    })
  })

  it('names the words that a choice has', () => {
    expect(errorOf({ 'hosts.client.tcp.congestion': 'vegas' }).allowed).toContain('"cubic"')
  })

  it.each([
    'links.link.up.los.rate',
    'links.nolink.up.delay',
    'nothing',
    'links',
    'hosts.client',
    'links.link.up.delay.x',
  ])('does not know %s', (path) => {
    expect(errorOf({ [path]: 1 })).toMatchObject({ code: 'invalid', field: path })
  })

  it('refuses to break the topology', () => {
    expect(errorOf({ 'links.link.b': 'client' }).allowed).toBe('a host without a link yet')
  })

  it('is not led astray by names that every object has', () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'x']
    const path = fc.array(fc.constantFrom('links', 'link', 'up', 'apps', ...names), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(path, fc.anything(), (parts, value) => {
        const result = applyChanges(setup, { [parts.join('.')]: value })
        expect(result.ok).toBe(false)
        expect(({} as Record<string, unknown>).x).toBeUndefined()
      }),
    )
  })
})

describe('the applications of a web', () => {
  const browser = {
    kind: 'http-client',
    host: 'client',
    to: 'server',
    port: 80,
    requests: [{ target: '/page' }],
  }
  const site = {
    kind: 'http-server',
    host: 'server',
    port: 80,
    resources: { '/page': {}, '/a/b': { size: 10 } },
  }
  const listener = { kind: 'eavesdropper', host: 'client', server: 'site' }
  const { hosts, links } = smallSetup()
  const given = v.parse(Setup, { hosts, links, apps: { browser, site, listener } })
  const change = (path: string, value: unknown) => {
    const result = applyChanges(given, { [path]: value })
    return result.ok ? valueAt(result.value, path) : result.error
  }

  it.each([
    ['apps.browser.timeout', '1.5s', 1_500_000],
    ['apps.site.keepAlive', '10s', 10_000_000],
    ['apps.site.resources./page.objectSize', '20kB', 20_000],
    ['apps.site.resources./a/b.delay', '300ms', 300_000],
    ['apps.browser.requests.0.method', 'POST', 'POST'],
  ])('are set by path: %s=%s', (path, text, value) => {
    expect(change(path, text)).toEqual(value)
  })

  it.each([
    ['apps.browser.to', 'nobody', 'a host: client or server'],
    ['apps.listener.server', 'browser', 'an HTTP server among the applications'],
    ['apps.listener.server', 'constructor', 'an HTTP server among the applications'],
  ])('refer to each other: %s=%s is refused', (path, value, allowed) => {
    expect(change(path, value)).toMatchObject({ code: 'invalid', field: path, allowed })
  })

  it('do not share a port', () => {
    const apps = { site, second: { ...site, port: 443 } }
    const two = v.parse(Setup, { hosts, links, apps })
    expect(applyChanges(two, { 'apps.second.port': 80 })).toMatchObject({
      ok: false,
      error: { field: 'apps.second.port' },
    })
  })
})

describe('setting by knob', () => {
  it('sets all its paths together', () => {
    const changed = applyChanges(setup, { delay: '7ms' }, knobs)
    if (!changed.ok) throw new Error(changed.error.message)
    expect(valueAt(changed.value, 'links.link.up.delay')).toBe(7_000)
    expect(valueAt(changed.value, 'links.link.down.delay')).toBe(7_000)
  })

  it.each([
    ['rate', '10kbit', 10_000, 'at least 100000 and at most 1000000000'],
    ['delay', 300_001, 300_001, 'at least 0 and at most 300000'],
  ])('goes as far as the ends of the knob: %s=%s', (id, given, value, allowed) => {
    const changed = applyChanges(setup, { [id]: given }, knobs)
    expect(changed).toMatchObject({ ok: false, error: { field: id, value: String(value) } })
    if (!changed.ok) expect(changed.error.allowed).toContain(allowed)
    // By its path the setting itself is the limit, as the error says.
    const [path] = knobs.find((knob) => knob.id === id)!.paths
    if (!changed.ok) expect(changed.error.allowed).toContain(path)
    expect(applyChanges(setup, { [path]: given }, knobs).ok).toBe(true)
  })
})

describe('an experiment', () => {
  it('is found by its id, and one that is not there is answered with those that are', () => {
    expect(resolveExperiment('tcp-bulk').ok).toBe(true)
    const missing = resolveExperiment('tcp-bulky')
    expect(missing).toMatchObject({ ok: false, error: { code: 'not_found', field: 'experiment' } })
    if (!missing.ok) expect(missing.error.allowed).toContain('tcp-handshake')
  })

  it('from a file is held to the schema', () => {
    const broken = { ...smallExperiment(), duration: 'long' }
    expect(resolveExperiment(broken)).toMatchObject({
      ok: false,
      error: { field: 'duration', value: 'long' },
    })
  })

  it('whose lanes, steps or knobs lead nowhere is refused', () => {
    const lanes = [{ id: 'one', label: { en: '', zh: '' }, set: { 'hosts.nobody.tcp.mss': 100 } }]
    expect(resolveExperiment(smallExperiment({ lanes })).ok).toBe(false)
    const steps = [{ at: 1, set: { 'links.link.up.loss.rate': 7 } }]
    expect(resolveExperiment(smallExperiment({ steps })).ok).toBe(false)
  })

  it('that puts two listeners on one port is refused', () => {
    const small = smallSetup()
    const apps = { ...small.apps, second: small.apps.sink }
    const refused = resolveExperiment(smallExperiment({ setup: { ...small, apps } }))
    expect(refused).toMatchObject({ ok: false, error: { field: 'apps.second.port' } })
  })

  it('that switches off a host with a program in Node is refused', () => {
    const small = smallSetup()
    const site = { kind: 'http-server', host: 'server', port: 80, resources: {} } as const
    const off = (apps: object) =>
      resolveExperiment(
        smallExperiment({
          setup: { ...small, apps: { ...small.apps, ...apps } },
          steps: [{ at: 1, set: { 'hosts.server.power': 'off' } }],
        }),
      )
    expect(off({}).ok).toBe(true)
    expect(off({ site })).toMatchObject({ ok: false, error: { field: 'hosts.server.power' } })
  })

  it('keeps what a lane sets, whatever is set for all', () => {
    const plan = planExperiment({
      experiment: 'tcp-bulk',
      set: { 'hosts.client.tcp.congestion': 'none' },
    } as never)
    expect(plan.ok).toBe(true)
  })
})
