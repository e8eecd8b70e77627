#!/usr/bin/env node
/** The `rexmit` command of a clone: makes the build fresh, then becomes the built command line. */
import { setUpOrExit } from './setup.mjs'

await setUpOrExit()
await import(new URL('../dist/electron/cli.js', import.meta.url))
