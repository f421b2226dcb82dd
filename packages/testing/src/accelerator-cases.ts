import {
  type Accelerator,
  type AnyPlugin,
  API_VERSION,
  availabilityOf,
  currentBackendName,
  deriveKey,
  drawUniformOnHost,
  type HostTensor,
  hostTensor,
  type Reduction,
  record,
  type SlotReading,
} from '@levin/core'
import {
  matMul,
  mean,
  relu,
  softmax,
  square,
  sum,
  type Tensor,
  type Tensor2D,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core'
import { assertAllClose, type Tolerance } from './all-close.js'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectNoLeak, expectRefusal, expectTrue } from './expectations.js'
import { checkStagedMemory, checkStagedUploads } from './staging-checks.js'
import { checkSharedViews, checkViews } from './view-checks.js'

export interface AcceleratorHarness extends KnownFailures {
  /** A new instance. The cases set it up, and tear it down. */
  create(): Accelerator
  /** What `create` comes from. Absent: built by hand. */
  readonly plugin?: AnyPlugin
  /** Of matrix products and gradients against double precision. Default `{ rtol: 1e-5, atol: 1e-6 }`. */
  readonly tolerance?: Tolerance
}

/**
 * Everything that the Trainer and the strategies rely on in an accelerator. They run one after the other: the device is
 * tfjs's current backend while one does.
 */
export function acceleratorCases(harness: AcceleratorHarness): ConformanceCase[] {
  const { tolerance = { rtol: 1e-5, atol: 1e-6 } } = harness
  const onDevice = (body: (accelerator: Accelerator) => unknown) => async () => {
    const accelerator = harness.create()
    await accelerator.setup()
    try {
      await body(accelerator)
    } finally {
      await accelerator.teardown()
    }
  }
  return conformanceCases(
    {
      'declares the contract version it was written for': () => checkPlugin(harness.plugin),
      'answers whether it is available, and never throws': () => checkAvailability(harness.plugin),
      'touches nothing when it is created': () => checkCreation(harness),
      'can be set up twice and torn down twice': () => checkLifecycle(harness),
      'counts its devices and parses requests for them': onDevice(checkDevices),
      'keeps values, shape and dtype of what is uploaded': onDevice(checkUpload),
      'has copied what it uploads: the host may reuse the buffer': onDevice(checkReuse),
      'makes a tensor of what was staged, wherever its memory has moved': onDevice(checkStagedUploads),
      'takes staged memory back once, and never from a tensor': onDevice(checkStagedMemory),
      'shows the memory of a tensor: what is written to it, the tensor holds': onDevice(checkViews),
      'shows tensors that share data one memory': onDevice(checkSharedViews),
      'multiplies matrices': onDevice((accelerator) => checkMatMul(accelerator, tolerance)),
      'gives gradients': onDevice((accelerator) => checkGradients(accelerator, tolerance)),
      'tells the truth about synchronous reads': onDevice(checkReads),
      'reduces what is written to its scalar sink': onDevice(checkSink),
      'keeps sums of its scalar sink in double precision': onDevice(checkSinkPrecision),
      'names the first write that was not finite': onDevice(checkNonFinite),
      'takes vectors into one slot, and leaves tensors to the caller': onDevice(checkSinkVectors),
      'draws the same random bits as the host': onDevice(checkRandom),
      'leaves no tensor behind': onDevice(checkLeaks),
      'reports memory, statistics and its fingerprint': onDevice(checkReports),
      'subscribes to the loss of the device and unsubscribes': onDevice((accelerator) => {
        const unsubscribe = accelerator.onLost?.(() => {})
        unsubscribe?.()
      }),
    },
    harness,
  )
}

function checkPlugin(plugin: AnyPlugin | undefined): void {
  if (!plugin) return
  expectEqual(plugin.apiVersion, API_VERSION, 'apiVersion')
  expectEqual(plugin.kind, 'accelerator', 'kind')
  expectTrue(/^[a-z][a-zA-Z0-9-]*$/.test(plugin.name), `The name '${plugin.name}' is no name that users would write.`)
}

async function checkAvailability(plugin: AnyPlugin | undefined): Promise<void> {
  if (!plugin) return
  await plugin.availability?.()
  const availability = await availabilityOf(plugin)
  if (availability.ok) return
  expectTrue(availability.reason.length > 0, 'An accelerator that is not available must say why.')
  expectTrue(availability.remedy.length > 0, 'An accelerator that is not available must say what would change that.')
}

async function checkCreation({ create }: AcceleratorHarness): Promise<void> {
  const before = currentBackendName()
  await expectNoLeak(() => void create(), 'creating the accelerator')
  expectEqual(currentBackendName(), before, 'the backend after creating an accelerator')
}

async function checkLifecycle({ create }: AcceleratorHarness): Promise<void> {
  const accelerator = create()
  await accelerator.teardown()
  await accelerator.setup()
  await accelerator.setup()
  assertAllClose(await values(tidyTensor(() => sum(tensor1d([1, 2])))), [3])
  await accelerator.teardown()
  await accelerator.teardown()
  await accelerator.setup()
  assertAllClose(await values(tidyTensor(() => sum(tensor1d([1, 2])))), [3], {}, 'a sum after a second setup')
  await accelerator.teardown()
}

async function checkDevices(accelerator: Accelerator): Promise<void> {
  const count = await accelerator.deviceCount()
  expectTrue(Number.isSafeInteger(count) && count >= 1, `deviceCount() is ${count} on a device that was set up.`)
  if (!accelerator.parseDevices) return
  const chosen = await accelerator.parseDevices('auto')
  expectTrue(chosen.length >= 1, "parseDevices('auto') chose no device.")
  expectEqual(new Set(chosen).size, chosen.length, "distinct devices of parseDevices('auto')")
  await expectRefusal(() => accelerator.parseDevices?.('nonsense'), 'LEVIN_BAD_OPTION', "parseDevices('nonsense')")
  await expectRefusal(() => accelerator.parseDevices?.(0), 'LEVIN_BAD_OPTION', 'parseDevices(0)')
}

async function checkUpload(accelerator: Accelerator): Promise<void> {
  const tensors: HostTensor[] = [
    hostTensor(Float32Array.of(1.5, -2, 3e-20, 4e20, -0.25, 6), [2, 3]),
    hostTensor(Int32Array.of(-7, 0, 16_777_217), [3, 1]),
    hostTensor(Uint8Array.of(1, 0, 1, 1), [2, 2]),
    hostTensor(Float32Array.of(4), []),
    hostTensor(new Float32Array(0), [0, 3]),
  ]
  for (const host of tensors) {
    const uploaded = accelerator.upload(host)
    expectEqual(uploaded.dtype, host.dtype, 'dtype')
    expectEqual([...uploaded.shape], [...host.shape], 'shape')
    expectEqual([...(await uploaded.data())], [...host.data], `values of a ${host.dtype} tensor`)
    uploaded.dispose()
  }
}

async function checkReuse(accelerator: Accelerator): Promise<void> {
  const data = Float32Array.of(1, 2, 3)
  const first = accelerator.upload(hostTensor(data, [3]))
  data.fill(9)
  const second = accelerator.upload(hostTensor(data, [3]))
  data.fill(0)
  expectEqual([...(await first.data())], [1, 2, 3], 'the first upload')
  expectEqual([...(await second.data())], [9, 9, 9], 'the second upload')
  first.dispose()
  second.dispose()
}

const wave = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i + phase))

async function checkMatMul(accelerator: Accelerator, tolerance: Tolerance): Promise<void> {
  for (const [rows, inner, columns] of [
    [1, 1, 1],
    [3, 5, 2],
    [33, 17, 65],
    [64, 128, 10],
  ] as const) {
    const a = wave(rows * inner, 1)
    const b = wave(inner * columns, 2)
    const left = accelerator.upload(hostTensor(a, [rows, inner])) as Tensor2D
    const right = accelerator.upload(hostTensor(b, [inner, columns])) as Tensor2D
    const product = tidyTensor(() => matMul(left, right))
    const expected = Float64Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns]
      let dot = 0
      for (let k = 0; k < inner; k++) dot += (a[row * inner + k] as number) * (b[k * columns + column] as number)
      return dot
    })
    const what = `matMul [${rows}, ${inner}] × [${inner}, ${columns}]`
    assertAllClose(await values(product), expected, { ...tolerance, atol: Math.max(tolerance.atol ?? 0, 1e-5) }, what)
    left.dispose()
    right.dispose()
  }
}

/** d/dw mean(relu(x w)²) and d/dx Σ softmax(x)², against the same in double precision. */
async function checkGradients(accelerator: Accelerator, tolerance: Tolerance): Promise<void> {
  const x = wave(6, 1)
  const w = wave(3, 0.5)
  const input = accelerator.upload(hostTensor(x, [2, 3])) as Tensor2D
  const weight = accelerator.upload(hostTensor(w, [3, 1])) as Tensor2D
  const tape = record(() => mean(square(relu(matMul(input, weight)))), [weight])
  const gradients: Tensor[] = []
  tape.backward(undefined, (_source, gradient) => gradients.push(gradient))
  const outputs = [0, 1].map((row) =>
    [0, 1, 2].reduce((dot, k) => dot + (x[row * 3 + k] as number) * (w[k] as number), 0),
  )
  const expected = [0, 1, 2].map((k) =>
    outputs.reduce((total, output, row) => total + Math.max(0, output) * (x[row * 3 + k] as number), 0),
  )
  expectEqual(gradients.length, 1, 'gradients')
  assertAllClose(await values(gradients[0] as Tensor), expected, tolerance, 'gradient of mean(relu(x w)²)')
  tape.dispose()
  const distribution = record(() => sum(square(softmax(input))), [input])
  distribution.backward(undefined, (_source, gradient) => gradients.push(gradient))
  assertAllClose(await values(gradients[1] as Tensor), softmaxGradient(x), tolerance, 'gradient of Σ softmax(x)²')
  distribution.dispose()
  input.dispose()
  weight.dispose()
}

function softmaxGradient(x: Float32Array): number[] {
  return [0, 1].flatMap((row) => {
    const exponentials = [0, 1, 2].map((k) => Math.exp(x[row * 3 + k] as number))
    const total = exponentials.reduce((a, b) => a + b, 0)
    const p = exponentials.map((value) => value / total)
    const dot = p.reduce((a, value) => a + 2 * value * value, 0)
    return p.map((value) => value * (2 * value - dot))
  })
}

async function checkReads(accelerator: Accelerator): Promise<void> {
  const { synchronousRead, hostMemory, threads } = accelerator.capabilities
  expectTrue(
    !hostMemory || synchronousRead,
    'hostMemory without synchronousRead: memory of the host can be read at once.',
  )
  expectTrue(Number.isSafeInteger(threads) && threads >= 1, `capabilities.threads is ${threads}.`)
  const result = tidyTensor(() => sum(tensor1d([1, 2, 3])))
  if (synchronousRead) assertAllClose(result.dataSync(), [6], {}, 'dataSync() right after an operation')
  result.dispose()
}

async function withSink(
  accelerator: Accelerator,
  body: (sink: ReturnType<Accelerator['createScalarSink']>) => Promise<void>,
): Promise<void> {
  const sink = accelerator.createScalarSink()
  try {
    await body(sink)
  } finally {
    sink.dispose()
  }
}

const REDUCED: Readonly<Record<Reduction, readonly number[]>> = { sum: [8.5], last: [-1], min: [-1], max: [4] }

async function checkSink(accelerator: Accelerator): Promise<void> {
  await withSink(accelerator, async (sink) => {
    const reductions = Object.keys(REDUCED) as Reduction[]
    const slots = reductions.map((reduction) => sink.slot({ reduction }))
    for (const slot of slots) {
      tidy(() => {
        sink.write(slot, tensor1d([1.5]), 1)
        sink.write(slot, tensor1d([4]), 2)
        sink.write(slot, tensor1d([-1]), 1)
      })
    }
    const readings = await sink.read(slots)
    for (const [index, reduction] of reductions.entries()) {
      const { values: reduced, weight, writes } = readings[index] as SlotReading
      assertAllClose(reduced, REDUCED[reduction], {}, `reduction '${reduction}'`)
      expectEqual([weight, writes], [4, 3], `weight and writes of '${reduction}'`)
    }
    sink.reset(slots)
    const [empty] = (await sink.read(slots)) as [SlotReading]
    expectEqual([empty.weight, empty.writes, empty.values[0]], [0, 0, 0], 'a slot after reset')
    sink.write(slots[0] as never, 2)
    expectEqual([...((await sink.read(slots))[0]?.values ?? [])], [2], 'a number of the host')
  })
}

async function checkSinkPrecision(accelerator: Accelerator): Promise<void> {
  await withSink(accelerator, async (sink) => {
    const slot = sink.slot({ reduction: 'sum' })
    // 2²⁴ + 1 has no float32; an epoch's samples soon pass it.
    tidy(() => sink.write(slot, tensor1d([16_777_216])))
    for (let i = 0; i < 8; i++) tidy(() => sink.write(slot, tensor1d([1])))
    expectEqual((await sink.read([slot]))[0]?.values[0], 16_777_224, 'the sum')
  })
}

async function checkNonFinite(accelerator: Accelerator): Promise<void> {
  await withSink(accelerator, async (sink) => {
    const slot = sink.slot({ reduction: 'last' })
    for (const [tag, value] of [1, Number.NaN, Infinity, 2].entries())
      tidy(() => sink.write(slot, tensor1d([value]), 1, tag + 10))
    const [reading] = await sink.read([slot])
    expectEqual(reading?.firstNonFinite, 11, 'firstNonFinite')
    const sums = sink.slot({ reduction: 'sum' })
    tidy(() => sink.write(sums, tensor1d([Number.NaN])))
    expectEqual((await sink.read([sums]))[0]?.values[0], Number.NaN, 'a sum with NaN')
  })
}

async function checkSinkVectors(accelerator: Accelerator): Promise<void> {
  await withSink(accelerator, async (sink) => {
    const slot = sink.slot({ reduction: 'sum', size: 3 })
    const vector = accelerator.upload(hostTensor(Float32Array.of(1, 2, 3), [3]))
    sink.write(slot, vector)
    expectTrue(!vector.isDisposed, 'The sink disposed a tensor that is the caller’s.')
    vector.dispose()
    tidy(() => sink.write(slot, tensor1d([10, 20, 30])))
    expectEqual([...((await sink.read([slot]))[0]?.values ?? [])], [11, 22, 33], 'the sum of vectors')
    await expectRefusal(() => sink.write(slot, [1]), 'LEVIN_LOG', 'a write of another size')
  })
}

async function checkRandom(accelerator: Accelerator): Promise<void> {
  if (!accelerator.drawUniform) return
  const key = deriveKey(7, 'init', 'conformance')
  const layouts = [
    { globalShape: [5, 7], start: [0, 0], shape: [5, 7] },
    { globalShape: [5, 7], start: [2, 3], shape: [2, 4] },
    { globalShape: [Number.POSITIVE_INFINITY, 3], start: [1_000_000, 0], shape: [4, 3] },
    { globalShape: [], start: [], shape: [] },
  ]
  for (const layout of layouts) {
    const own = accelerator.drawUniform(key, layout)
    const reference = drawUniformOnHost(key, layout)
    expectEqual([...own.shape], [...layout.shape], 'shape of random numbers')
    expectEqual([...(await values(own))], [...(await values(reference))], `bits of [${layout.shape.join(', ')}]`)
  }
}

async function checkLeaks(accelerator: Accelerator): Promise<void> {
  const work = async () => {
    const sink = accelerator.createScalarSink()
    const slot = sink.slot({ reduction: 'sum' })
    const uploaded = accelerator.upload(hostTensor(wave(4, 0), [2, 2]))
    tidy(() => sink.write(slot, sum(uploaded)))
    await sink.read([slot])
    tidy(() => sink.write(slot, sum(uploaded)))
    sink.reset([slot])
    tidy(() => sink.write(slot, sum(uploaded)))
    sink.dispose()
    uploaded.dispose()
    accelerator.drawUniform?.(deriveKey(1, 'init', 'leak'), { globalShape: [3], start: [0], shape: [3] }).dispose()
    await accelerator.statistics()
  }
  await work()
  await expectNoLeak(work, 'an upload, a sink and a draw')
}

async function checkReports(accelerator: Accelerator): Promise<void> {
  const before = accelerator.memory()
  const uploaded = accelerator.upload(hostTensor(new Float32Array(256), [256]))
  const after = accelerator.memory()
  expectEqual(after.tensors, before.tensors + 1, 'memory().tensors after an upload')
  expectTrue(after.bytes >= before.bytes + 1024, 'memory().bytes does not count an upload of 1024 bytes.')
  uploaded.dispose()
  for (const [name, value] of Object.entries(await accelerator.statistics()))
    expectTrue(typeof value === 'number' && Number.isFinite(value), `statistics()['${name}'] is ${value}.`)
  expectTrue(accelerator.fingerprint().length > 0, 'fingerprint() is empty.')
  expectEqual(accelerator.fingerprint(), accelerator.fingerprint(), 'fingerprint()')
}

const tidyTensor = (f: () => Tensor): Tensor => tidy(f)

/** The values, and the tensor is freed. */
async function values(tensor: Tensor): Promise<Float32Array> {
  const data = await tensor.data<'float32'>()
  tensor.dispose()
  return data.slice()
}
