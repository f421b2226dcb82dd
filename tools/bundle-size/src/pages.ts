/** A page, what it loads, and how much that may weigh: in kB of gzip, each file for itself, without tfjs. */
export interface Page {
  readonly entry: string
  readonly what: string
  /**
   * What it asks for by `import()` until its first step. Nothing more is asked for until its run ends: `test/loads.test.ts` looks in
   * a browser.
   */
  readonly asksFor: readonly string[]
  readonly limits: {
    /** The entry and what it imports: what the page waits for. */
    readonly atOnce: number
    /** And what is asked for until the first step. */
    readonly firstStep: number
    /** And whatever other runs of the page could ask for. */
    readonly everything: number
  }
}

export const PAGES: readonly Page[] = [
  {
    entry: 'training',
    what: 'a page that trains',
    asksFor: ['here', 'model-summary', 'current-backend'],
    limits: { atOnce: 37, firstStep: 64, everything: 86 },
  },
  {
    entry: 'training-webgpu',
    what: 'a page that trains by WebGPU',
    asksFor: ['here', 'model-summary'],
    limits: { atOnce: 52, firstStep: 77, everything: 108 },
  },
  {
    entry: 'training-webgpu-images',
    what: 'a page that trains a convolutional network by WebGPU',
    asksFor: ['here', 'model-summary', 'dropout'],
    limits: { atOnce: 54, firstStep: 82, everything: 110 },
  },
  {
    entry: 'controlling',
    what: 'a page whose worker trains',
    asksFor: ['run-in-workers'],
    limits: { atOnce: 30, firstStep: 33, everything: 78 },
  },
]
