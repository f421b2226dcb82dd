import { createService } from './service.js'

const service = createService({ folder: 'runs/service', most: 2 })
const address = await service.listen({ port: Number(process.env['PORT'] ?? 3000) })
console.log(`Trainings at ${address}/trainings`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void service.close())
