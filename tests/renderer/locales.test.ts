/** Every text of the window goes through the locale files, in both languages alike (DESIGN 10). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NodeTypes, type TemplateChildNode } from '@vue/compiler-dom'
import { describe, expect, it } from 'vitest'
import { parse } from 'vue/compiler-sfc'
import { CHAPTERS, KNOB_UNITS } from '../../shared/experiment.ts'
import { causeName } from '../../shared/charts/texts.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import { STALL_CAUSES } from '../../shared/trace/events.ts'
import { messages } from '../../renderer/locales/index.ts'
import { SHORTCUTS } from '../../renderer/shortcuts.ts'

const ROOT = join(import.meta.dirname, '../../renderer')
const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(vue|ts)$/.test(file) && !file.startsWith('locales'))
  .map((file) => ({ file, source: readFileSync(join(ROOT, file), 'utf8') }))
const templates = files.filter(({ file }) => file.endsWith('.vue'))

/** All messages by their full key. */
function flatten(tree: object, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(tree) as [string, string | object][]) {
    if (typeof value === 'string') all.set(prefix + key, value)
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) all.set(inner, text)
  }
  return all
}
const en = flatten(messages.en)
const zh = flatten(messages.zh)

describe('the locales', () => {
  it('have the same keys', () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort())
  })

  it('have the same places to fill in', () => {
    // English has a plural where Chinese has none, so a place may come twice.
    const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()
    for (const [key, text] of en) expect([key, ...places(zh.get(key)!)]).toEqual([key, ...places(text)])
  })

  it('differ wherever there is a word to translate', () => {
    // Names, symbols, and words of the trade that Chinese texts use as they are.
    const same = [...en].filter(([key, text]) => text === zh.get(key) && text !== '').map(([, text]) => text)
    const known = [
      'Rexmit',
      'HTTP',
      'TLS',
      'MQTT',
      'TCP',
      'HPACK',
      'QPACK',
      'QUIC',
      'RFC {number}',
      'RTT',
      'qlog 0.3',
      '{pace}×',
      '± {tolerance}',
    ]
    expect(
      same.filter((text) => !known.includes(text) && /[a-z]{4}/i.test(text.replace(/\{\w+\}/g, ''))),
    ).toEqual([])
  })

  it('call the credit of flow control by one word in Chinese', () => {
    const texts = [...zh.values(), ...STALL_CAUSES.map((cause) => causeName('zh', cause))]
    expect([...texts, JSON.stringify(EXPERIMENTS)].filter((text) => text.includes('信用'))).toEqual([])
    expect(causeName('zh', 'stream_credit')).toBe('流额度')
  })

  it('leave no built-in word without a text', () => {
    for (const chapter of CHAPTERS) expect(en.has(`chapter.${chapter}`), chapter).toBe(true)
    for (const { action } of SHORTCUTS) expect(en.has(`help.${action}`), action).toBe(true)
    const words = [...KNOB_UNITS, 'rtt'].filter((unit) => /^[a-z]{3,}$/.test(unit) && unit !== 'ratio')
    for (const unit of words) expect(en.has(`unit.${unit}`), unit).toBe(true)
  })
})

/** Texts of the sources that may be keys: literals, and templates with anything in their holes. */
const literals = new Set<string>()
const patterns: RegExp[] = []
for (const { source } of files) {
  for (const [, text] of source.matchAll(/['"]([\w-]+(?:\.[\w-]+)+)['"]/g)) literals.add(text)
  for (const [, text] of source.matchAll(/`([\w-]+\.[^`]*)`/g)) {
    const parts = text.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    if (parts.length > 1) patterns.push(new RegExp(`^${parts.join('[\\w.-]+')}$`))
  }
}

describe('the sources', () => {
  it('use every text', () => {
    const unused = [...en.keys()].filter(
      (key) => !literals.has(key) && !patterns.some((pattern) => pattern.test(key)),
    )
    expect(unused).toEqual([])
  })

  it('use no text that is not there', () => {
    const groups = Object.keys(messages.en).join('|')
    const key = new RegExp(`\\bt\\(\\s*'((?:${groups})\\.[\\w.-]+)'`, 'g')
    for (const { file, source } of files)
      for (const [, used] of source.matchAll(key)) expect(en.has(used), `${file}: ${used}`).toBe(true)
  })
})

/** Attributes that are read out or shown. */
const SPOKEN = ['title', 'aria-label', 'placeholder', 'alt', 'aria-description', 'label', 'hint']
/** A single Latin letter is a sign (R for a retransmission, as tcptrace writes it), not a word. */
const hasWords = (text: string): boolean => /\p{L}{2}|\p{Script=Han}/u.test(text)

function visibleLiterals(node: TemplateChildNode): string[] {
  switch (node.type) {
    case NodeTypes.TEXT:
      return hasWords(node.content) ? [node.content.trim()] : []
    case NodeTypes.INTERPOLATION: {
      const { loc } = node.content
      const outsideCalls = loc.source.replace(/\w+\([^)]*\)/g, '')
      const quoted = [...outsideCalls.matchAll(/(===?|!==?)?\s*['"`]([^'"`]*)['"`]/g)]
      return quoted
        .filter(([, compared, text]) => compared === undefined && hasWords(text))
        .map(([, , text]) => text)
    }
    case NodeTypes.ELEMENT: {
      const spoken = node.props.flatMap((prop) =>
        prop.type === NodeTypes.ATTRIBUTE && SPOKEN.includes(prop.name) && hasWords(prop.value?.content ?? '')
          ? [`${prop.name}="${prop.value!.content}"`]
          : [],
      )
      return [...spoken, ...node.children.flatMap(visibleLiterals)]
    }
    default:
      return []
  }
}

const astOf = (source: string) => parse(source).descriptor.template?.ast?.children ?? []

describe('the templates', () => {
  it('of this test are looked through: a literal is found', () => {
    const source = `<template><p title="Hello">Run {{ on ? 'yes' : t('no') }}<b>{{ a === 'x' }}</b></p></template>`
    expect(astOf(source).flatMap(visibleLiterals)).toEqual(['title="Hello"', 'Run', 'yes'])
  })

  it.each(templates)('$file shows no text of its own', ({ source }) => {
    expect(astOf(source).flatMap(visibleLiterals)).toEqual([])
  })

  it.each(templates)('$file has no style attribute, which the CSP forbids', ({ source }) => {
    expect(source.slice(source.indexOf('<template>'))).not.toMatch(/\sstyle="/)
  })
})
