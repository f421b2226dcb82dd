import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunEvent } from 'levin'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createService } from '../src/service.js'
import type { TrainingView } from '../src/training.js'

let folder: string
let service: ReturnType<typeof createService>
let address: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'levin-service-'))
  service = createService({ folder, most: 1 })
  address = await service.listen({ port: 0, host: '127.0.0.1' })
})
afterEach(async () => {
  await service.close()
  await rm(folder, { recursive: true, force: true })
})

async function call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const response = await fetch(`${address}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: response.status, body: (await response.json()) as T }
}

/** Reads the events of a training until one passes. */
async function until(id: string, passes: (event: RunEvent) => boolean): Promise<RunEvent[]> {
  const response = await fetch(`${address}/trainings/${id}/events`)
  const events: RunEvent[] = []
  let rest = ''
  for await (const chunk of response.body ?? []) {
    rest += new TextDecoder().decode(chunk)
    const parts = rest.split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) events.push(JSON.parse(part.slice(part.indexOf('data: ') + 6)) as RunEvent)
    if (events.some(passes)) return events
  }
  return events
}

const ended = async (id: string): Promise<TrainingView> => {
  for (;;) {
    const { body } = await call<TrainingView>('GET', `/trainings/${id}`)
    if (body.status !== 'running') return body
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a training is started, watched, stopped and resumed over HTTP, in two workers', async () => {
  const hparams = { maxEpochs: 3, limitTrainBatches: 30 }
  const started = await call<TrainingView>('POST', '/trainings', { devices: 2, hparams })
  expect(started).toMatchObject({ status: 202, body: { status: 'running', globalStep: 0 } })
  const { id } = started.body
  expect((await call('POST', '/trainings', {})).status).toBe(429)

  const events = await until(id, (event) => event.type === 'progress' && event.clock.globalStep > 3)
  expect(events.some(({ type }) => type === 'progress')).toBe(true)
  const stopped = await call<TrainingView>('POST', `/trainings/${id}/stop`)
  expect(stopped.body).toMatchObject({ status: 'aborted', checkpoint: expect.stringContaining(id) })
  expect(stopped.body.globalStep).toBeLessThan(90)

  expect((await call('POST', `/trainings/${id}/resume`)).status).toBe(202)
  expect((await call('POST', `/trainings/${id}/resume`)).status).toBe(409)
  const finished = await ended(id)
  expect(finished).toMatchObject({ status: 'completed', globalStep: 90, epoch: 3 })
  expect(finished.metrics['val/accuracy']).toBeGreaterThan(0.8)
  expect((await call<TrainingView[]>('GET', '/trainings')).body).toEqual([finished])
})

test('what is wrong is answered, and a training that fails says why', async () => {
  expect((await call('GET', '/trainings/none')).status).toBe(404)
  expect((await call('POST', '/trainings', { devices: 0 })).status).toBe(400)
  const { body } = await call<TrainingView>('POST', '/trainings', { hparams: { rate: 1 } })
  expect(await ended(body.id)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining("no hyper-parameter 'rate'"),
  })
})
