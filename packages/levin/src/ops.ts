export * from '@levin/ops'
