import type { ProcessGroup } from '@levin/core'
import { axisSizes } from '../../src/mesh/layout.js'
import type { MeshOptions } from '../../src/mesh.js'

/** The groups that a mesh makes out of its world, in their order; what comes after them is of tied parameters. */
export function groupNames(options: MeshOptions, size: number): readonly string[] {
  const { tensor, context, pipeline, data } = axisSizes(options, 'data', size)
  const sizes = { tensor, context, pipeline, replicas: data * context }
  return Object.entries(sizes).flatMap(([name, count]) => (count > 1 ? [name] : []))
}

/** Counts what one rank sends in a group and in those that are made out of it. */
export class TrafficMeter {
  readonly group: ProcessGroup
  readonly sent: Record<string, number[]> = {}
  readonly #groups = new Map<string, ProcessGroup>()

  constructor(group: ProcessGroup, names: readonly string[]) {
    let splits = 0
    const groups = this.#groups
    groups.set('world', group)
    this.group = new Proxy(group, {
      get(target, key) {
        if (key === 'split')
          return async (color: number, order?: number) => {
            const part = await target.split(color, order)
            groups.set(names[splits++] ?? `split ${splits}`, part)
            return part
          }
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  note(): void {
    for (const [name, { traffic }] of this.#groups) {
      this.sent[name] ??= []
      this.sent[name].push(traffic.bytesSent)
    }
  }
}
