/** The decision tree of a cache (RFC 9111 3 and 4), and the way that a request takes through it. */
import type { CachedRequest, CacheStep } from '../../../shared/projections/cache.ts'

export type Answer = 'yes' | 'no'
/** Where a way ends, or leaves the cache for the network. */
export type Leaf = 'fetch' | 'use' | 'refresh' | 'not_kept' | 'kept'

export interface TreeNode {
  readonly id: 'stored' | 'lifetime' | 'fresh' | 'validator' | 'not_modified' | 'no_store'
  /** Questions inside of it, asked one after the other. */
  readonly parts: readonly string[]
  /** The answer that leads out of the spine, and where to. */
  readonly aside?: { readonly answer: Answer; readonly leaf: Leaf }
}

/** From the top down; whatever answer does not lead aside leads to the next. */
export const TREE: readonly TreeNode[] = [
  { id: 'stored', parts: [], aside: { answer: 'no', leaf: 'fetch' } },
  { id: 'lifetime', parts: ['max_age', 'expires', 'heuristic'] },
  { id: 'fresh', parts: [], aside: { answer: 'yes', leaf: 'use' } },
  { id: 'validator', parts: ['etag', 'last_modified'], aside: { answer: 'no', leaf: 'fetch' } },
  { id: 'not_modified', parts: [], aside: { answer: 'yes', leaf: 'refresh' } },
  { id: 'no_store', parts: [], aside: { answer: 'yes', leaf: 'not_kept' } },
]

export interface NodeOnWay {
  readonly node: TreeNode
  readonly asked: boolean
  /** Undefined: not asked, or a question without yes and no. */
  readonly answer: Answer | undefined
  readonly detail: string
  readonly parts: readonly { readonly name: string; readonly step: CacheStep | undefined }[]
  /** The way leads aside here; or on to the next. */
  readonly aside: boolean
  readonly onward: boolean
}

/** The tree with the way of a request lit. */
export function wayOf({ steps }: Pick<CachedRequest, 'steps'>): NodeOnWay[] {
  const find = (name: string): CacheStep | undefined => steps.find(({ step }) => step === name)
  return TREE.map((node) => {
    const own = find(node.id)
    const parts = node.parts.map((name) => ({ name, step: find(name) }))
    const asked = own !== undefined || parts.some(({ step }) => step !== undefined)
    const answer = own && (own.yes ? 'yes' : 'no')
    const aside = answer !== undefined && answer === node.aside?.answer
    return { node, asked, answer, detail: own?.detail ?? '', parts, aside, onward: asked && !aside }
  })
}

/** The response was put into the cache at the end of the way. */
export const isKept = (way: readonly NodeOnWay[]): boolean => way[way.length - 1].onward

/** The request on show: the last one up to the cursor, without a cursor the newest. */
export function requestAt(requests: readonly { readonly t: number }[], cursor: number | null): number {
  if (cursor === null) return requests.length - 1
  const later = requests.findIndex(({ t }) => t > cursor)
  return later < 0 ? requests.length - 1 : Math.max(0, later - 1)
}

/** Path and query of a URL, which is what tells requests apart. */
export const targetOf = (url: string): string => /^[a-z]+:\/\/[^/]*(\/.*)$/i.exec(url)?.[1] ?? url
