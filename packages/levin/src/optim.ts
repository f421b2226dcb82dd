export * from '@levin/optim'
