import { requirePart } from '@levin/real-parts'
import { Hosts } from '@levin/several-hosts'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeCommand, root } from './support.js'

describe.runIf(requirePart('open-mpi') && requirePart('network-namespaces'))('Open MPI over three hosts', () => {
  let hosts: Hosts | undefined
  afterEach(() => hosts?.remove())

  test('does all that a group does', async () => {
    hosts = new Hosts({ count: 3, bandwidth: '1gbit' })
    const { exitCode, output } = await hosts.mpirun(nodeCommand('hosts'), { cwd: root }).ended
    expect(exitCode, output).toBe(0)
    for (const rank of [0, 1, 2]) expect(output).toContain(`done: rank ${rank} of 3 on host${rank + 1}`)
  })

  test('names the rank of a host that is gone, and ends', async () => {
    hosts = new Hosts({ count: 3 })
    const job = hosts.mpirun(nodeCommand('hosts', 'for ever'), { cwd: root })
    await job.printed(/^at work/, 3)
    hosts.cut(2)
    await job.printed(/allReduce \(operation \d+\) ended: rank 2 is lost: .* on host3 has given no sign of life/)
    // Its launcher waits for the daemon of the host that is gone.
    job.process.kill('SIGKILL')
    expect((await job.ended).exitCode).not.toBe(0)
  })
})
