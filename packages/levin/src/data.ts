export * from '@levin/data'
