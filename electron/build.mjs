/** `npm run build`: installs what is missing and builds what is stale. */
import { requireNode, setUp } from './setup.mjs'

requireNode()
await setUp()
