/**
 * The main side: everything that runs in Node, to `dist/electron/`.
 *
 * All npm packages are bundled; only `electron` and Node's own modules stay outside. So the packaged app is `dist/`
 * and nothing else: no node_modules to prune, sign or load from disk, and the terminal starts quicker.
 *
 * The output is flat: entries by their own name, shared chunks beside them. A module may be put in a chunk, so only a
 * flat folder makes `new URL('./worker.js', import.meta.url)` mean the same file from wherever it is asked.
 */
import { defineConfig } from 'vite'

const entries = {
  main: 'electron/main.ts',
  cli: 'electron/cli.ts',
  worker: 'electron/engine/worker.ts',
}

export default defineConfig({
  publicDir: false,
  define: {
    // `ws` looks for two optional native helpers; without this the bundle would search the user's disk for them.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    target: 'node20',
    outDir: 'dist/electron',
    // The preload is built beside these files by its own configuration, maybe at the same time.
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: entries,
      output: { format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunk-[name]-[hash].js' },
    },
  },
})
