import { nodeBuiltin } from './node-builtins.js'

/**
 * Readings of the process and the machine, where Node tells them; nothing in browsers. `cpu/percent` is the processor
 * time of this process since the last call: 100 is one logical processor in full use.
 */
export class HostStatistics {
  #cpuMicroseconds = 0
  #wallMilliseconds = 0

  read(): Record<string, number> {
    const process = nodeBuiltin('node:process')
    const os = nodeBuiltin('node:os')
    if (!process || !os) return {}
    return {
      'cpu/percent': this.#cpuPercent(process.cpuUsage()),
      'cpu/loadAverage1Minute': os.loadavg()[0] ?? 0,
      'memory/residentBytes': process.memoryUsage.rss(),
      'memory/freeBytes': os.freemem(),
    }
  }

  // The first call has no earlier one to compare with: it averages over the life of the process so far.
  #cpuPercent({ user, system }: NodeJS.CpuUsage): number {
    const now = performance.now()
    const spent = user + system - this.#cpuMicroseconds
    const elapsed = now - this.#wallMilliseconds
    this.#cpuMicroseconds = user + system
    this.#wallMilliseconds = now
    return elapsed > 0 ? Math.max(0, spent / 10 / elapsed) : 0
  }
}
