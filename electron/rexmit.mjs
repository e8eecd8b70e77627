#!/usr/bin/env node
/** The `rexmit` command of a clone: makes the build fresh, then becomes the built command line. */
import { requireNode, setUp, SetUpError } from './setup.mjs'

requireNode()
try {
  await setUp()
} catch (error) {
  if (!(error instanceof SetUpError)) throw error
  console.error(`rexmit: ${error.message}`)
  process.exit(1)
}
await import(new URL('../dist/electron/cli.js', import.meta.url))
