import '@levin/accelerator-webgpu/register'
import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import '@levin/distributed/register'
import '@levin/strategies/register'
import { serve } from '@levin/trainer'
import { loseDeviceWhenAsked } from '../parts/lost-device.js'
import run from './run.js'

loseDeviceWhenAsked()
serve(run)
