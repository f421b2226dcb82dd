import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { Training, type TrainingRequest } from './training.js'

export interface ServiceOptions {
  /** Where trainings write. */
  readonly folder: string
  /** Trainings at the same time; more are refused. */
  readonly most: number
}

const REQUEST_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: { devices: { type: 'integer', minimum: 1, maximum: 16 }, hparams: { type: 'object' } },
} as const

type WithId = { Params: { id: string } }

/** Trainings over HTTP. Closing the service stops those that run. */
export function createService({ folder, most }: ServiceOptions): FastifyInstance {
  const service = fastify()
  const trainings = new Map<string, Training>()
  const running = () => [...trainings.values()].filter(({ view }) => view.status === 'running').length
  const find = (id: string): Training => {
    const training = trainings.get(id)
    if (training) return training
    throw Object.assign(new Error(`There is no training '${id}'.`), { statusCode: 404 })
  }
  const requireRoom = (): void => {
    if (running() < most) return
    throw Object.assign(new Error(`${most} trainings are running; stop one first.`), { statusCode: 429 })
  }

  service.post<{ Body: TrainingRequest }>(
    '/trainings',
    { schema: { body: REQUEST_SCHEMA } },
    async (request, reply) => {
      requireRoom()
      const training = new Training(randomUUID(), request.body, folder)
      trainings.set(training.id, training)
      return reply.code(202).header('location', `/trainings/${training.id}`).send(training.view)
    },
  )
  service.get('/trainings', async () => [...trainings.values()].map(({ view }) => view))
  service.get<WithId>('/trainings/:id', async ({ params }) => find(params.id).view)
  service.post<WithId>('/trainings/:id/stop', async ({ params }) => {
    const training = find(params.id)
    await training.stop()
    return training.view
  })
  service.post<WithId>('/trainings/:id/resume', async ({ params }, reply) => {
    const training = find(params.id)
    if (!training.canResume)
      return reply.code(409).send({ message: 'It is running, or has saved no checkpoint to go on from.' })
    requireRoom()
    training.resume()
    return reply.code(202).send(training.view)
  })
  // Server-sent events: what `new EventSource(…)` of a page reads.
  service.get<WithId>('/trainings/:id/events', ({ params, raw }, reply) => {
    const training = find(params.id)
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    const unlisten = training.listen((event) =>
      reply.raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
    )
    raw.once('close', unlisten)
  })
  service.addHook('preClose', async () => {
    await Promise.all([...trainings.values()].map((training) => training.stop()))
  })
  return service
}
