import { defineConfig } from 'vite'

// Two pages instead of one, and workers that share memory: our packages themselves need no configuration.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  base: './',
  build: { rollupOptions: { input: ['index.html', 'gpt.html'] }, chunkSizeWarningLimit: 3000 },
  worker: { format: 'es' },
  server: { headers: isolation },
  preview: { headers: isolation },
})
