/**
 * What a check of a certificate compared with what. The trace tells it in English (`electron/engine/node/certificate-walk.ts`);
 * the window says it in its own language, by a message and what is filled into it.
 */

/** The messages below `view.certificates.detail` and how the trace words them. */
const SENTENCES: readonly (readonly [key: string, wording: RegExp])[] = [
  ['no_issuer', /^no certificate of (?<name>.*) was sent or is trusted$/],
  ['subject', /^subject of the next certificate: (?<name>.*)$/],
  ['signed', /^made with the (?<type>\S+) key of (?<name>.*)$/],
  ['not_signed', /^not made with the (?<type>\S+) key of (?<name>.*), or not over these bytes$/],
  ['validity', /^(?<from>\S+) to (?<to>\S+); today is (?<today>\S+)$/],
  ['authority', /^CA: true$/],
  ['no_authority', /^CA: false, and yet it issues$/],
  ['may_sign', /^may sign certificates$/],
  ['may_not_sign', /^may not sign certificates$/],
  ['serves', /^for TLS servers$/],
  ['does_not_serve', /^not for TLS servers$/],
  ['host_among', /^(?<host>\S+) is among (?<names>.*)$/],
  ['host_not_among', /^(?<host>\S+) is not among (?<names>.*)$/],
  ['trusted', /^one that the client trusts$/],
  ['not_trusted', /^a root that the client does not trust$/],
  ['no_root', /^the chain ends before any root$/],
  ['other_subject', /^(?<wanted>.*) is not (?<found>.*)$/],
]

export interface Sentence {
  readonly key: string
  readonly values: Readonly<Record<string, string>>
}

/** The message that says the same as a check's detail; undefined for what a recording may have made up. */
export function detailSentence(detail: string): Sentence | undefined {
  for (const [key, wording] of SENTENCES) {
    const found = wording.exec(detail)
    if (found) return { key, values: { ...found.groups } }
  }
  return undefined
}
