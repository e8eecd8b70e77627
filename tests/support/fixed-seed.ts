/**
 * Property tests draw from a fixed seed, so that a run that was green is green again; `REXMIT_SEED=n` takes another, to look
 * further.
 */
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.REXMIT_SEED ?? 9293) })
