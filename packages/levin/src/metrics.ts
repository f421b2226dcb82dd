export * from '@levin/metrics'
