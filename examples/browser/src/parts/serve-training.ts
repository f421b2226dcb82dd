import '@levin/accelerator-webgl/register'
import '@levin/accelerator-webgpu/register'
import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import '@levin/distributed/register'
import '@levin/strategies/register'
import { serve } from '@levin/trainer'
import { loseDeviceWhenAsked } from './lost-device.js'

/** All that the worker of a page does: runs what it is told to, on what the page offers. */
export function serveTraining(run: Parameters<typeof serve>[0]): void {
  loseDeviceWhenAsked()
  serve(run)
}
