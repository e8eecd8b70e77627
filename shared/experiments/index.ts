/** All experiments, chapter by chapter. */
import * as v from 'valibot'
import { Experiment } from '../experiment.ts'
import { tcpBulk } from './tcp-bulk.ts'
import { tcpHandshake } from './tcp-handshake.ts'

/** The built-in experiments with every default filled in. One that breaks the schema is a bug of ours and throws. */
export const EXPERIMENTS: readonly Experiment[] = [tcpHandshake, tcpBulk].map((input) =>
  v.parse(Experiment, input),
)

/** The built-in experiment of this id. */
export const findExperiment = (id: string): Experiment | undefined =>
  EXPERIMENTS.find((experiment) => experiment.id === id)
