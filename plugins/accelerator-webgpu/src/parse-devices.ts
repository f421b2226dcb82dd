// Apart, for programs that leave the choice of the GPU to us.
export { parseDevices } from '@levin/accelerators'
