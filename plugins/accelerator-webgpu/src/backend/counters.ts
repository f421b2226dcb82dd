/** What a device has been asked for since it was set up. */
export interface DeviceCounts {
  /** Kernels. */
  dispatches: number
  /** Batches of commands that were handed to the device: what costs a driver its time. */
  submissions: number
  /** Reads of the device's memory: what a program waits for. */
  reads: number
  /** Tensors whose values went from the host to the device. */
  uploads: number
}

export const noCounts = (): DeviceCounts => ({ dispatches: 0, submissions: 0, reads: 0, uploads: 0 })

/**
 * Counts what goes over a device, where it goes over it: nothing that uses the device can get around it. Dispatches and
 * uploads have no such place and are counted by the backend.
 */
export function countOn(device: GPUDevice, queue: GPUQueue, counts: DeviceCounts): void {
  // Own properties, which hide those of the prototype: other devices of the program are not counted.
  const submit = queue.submit.bind(queue)
  queue.submit = (buffers) => {
    counts.submissions++
    return submit(buffers)
  }
  const createBuffer = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor)
    if (descriptor.usage & GPUBufferUsage.MAP_READ) countReads(buffer, counts)
    return buffer
  }
}

function countReads(buffer: GPUBuffer, counts: DeviceCounts): void {
  const mapAsync = buffer.mapAsync.bind(buffer)
  buffer.mapAsync = (...range) => {
    counts.reads++
    return mapAsync(...range)
  }
}
