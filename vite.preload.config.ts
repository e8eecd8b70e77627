/**
 * The preload: `dist/electron/preload.cjs`. A sandboxed preload is CommonJS and can `require` nothing but `electron`,
 * so it is one file with everything in it.
 */
import { defineConfig } from 'vite'

export default defineConfig({
  publicDir: false,
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: 'electron/preload.ts',
    target: 'node20',
    outDir: 'dist/electron',
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: { format: 'cjs', entryFileNames: 'preload.cjs', codeSplitting: false },
    },
  },
})
