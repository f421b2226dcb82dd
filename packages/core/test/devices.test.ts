import '@tensorflow/tfjs-backend-cpu'
import { expect, test } from 'vitest'
import { CurrentBackend, currentPlatform, type Devices, SingleDevice } from '../src/index.js'

const setup = (devices: Devices) =>
  new SingleDevice().setup({ accelerator: new CurrentBackend(), devices, platform: currentPlatform() })

test.each<Devices>(['auto', 1, '1', [0], '0,'])('one device is what %j asks for', async (devices) => {
  await expect(setup(devices)).resolves.toBeUndefined()
})

test.each<Devices>([2, '4', [0, 1], '0,1'])('%j asks for several, which the strategy refuses', async (devices) => {
  await expect(setup(devices)).rejects.toThrow(/devices, and the strategy 'single' runs on one\. Leave devices out/)
})

test.each<Devices>([0, '0', [], 'many', -3, 1.5])('%j makes no sense', async (devices) => {
  await expect(setup(devices)).rejects.toThrow("'auto', a count of at least 1, or a list of indices")
})

test('a device that is not there is refused', async () => {
  await expect(setup([3])).rejects.toThrow('device 0')
})
