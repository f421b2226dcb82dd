export type { HostJob, JobResult } from './host-job.js'
export { Hosts, type HostsOptions, type JobOptions } from './hosts.js'
