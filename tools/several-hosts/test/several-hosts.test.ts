import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { requirePart } from '@levin/real-parts'
import { afterEach, describe, expect, test } from 'vitest'
import { Hosts } from '../src/index.js'

const namespaces = (): string => spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout

describe.runIf(requirePart('network-namespaces') && requirePart('open-mpi'))('several hosts', () => {
  let hosts: Hosts | undefined
  afterEach(() => hosts?.remove())

  test('run a program each, under names of their own', async () => {
    hosts = new Hosts({ count: 3, bandwidth: '1gbit' })
    const { exitCode, output } = await hosts.mpirun(['hostname'], { cwd: tmpdir() }).ended
    expect(exitCode, output).toBe(0)
    const lines = output.split('\n').filter((line) => line.startsWith('host'))
    expect(lines.sort()).toEqual(['host1', 'host2', 'host3'])
  })

  test('are gone afterwards, with all that ran there', async () => {
    hosts = new Hosts({ count: 2 })
    const job = hosts.mpirun(['sh', '-c', 'echo up; sleep 600'], { cwd: tmpdir() })
    await job.printed(/^up$/, 2)
    hosts.cut(1)
    expect(hosts.processes(1)).not.toEqual([])
    hosts.remove()
    const { exitCode } = await job.ended
    expect(exitCode).not.toBe(0)
    expect(namespaces()).not.toContain(`levin-${process.pid}-`)
  })
})
