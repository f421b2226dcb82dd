export * from '@levin/nn'
