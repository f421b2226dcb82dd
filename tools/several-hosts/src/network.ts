import { spawnSync } from 'node:child_process'

/** Names of namespaces are `levin-<process that made them>-<number>-<host>`. */
const PREFIX = 'levin'
let worlds = 0

/** Runs a command of the system. Throws with what it said. */
function execute(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return stdout
  const why = error?.message ?? stderr.trim()
  throw new Error(
    `${command} ${args.join(' ')} failed: ${why}. Namespaces need root, and the part 'network-namespaces'.`,
  )
}

const ip = (...args: readonly string[]): string => execute('ip', ...args)

/** A network of hosts, each a namespace of its own, on a switch that is one too: the machine's own network stays as it is. */
export interface Network {
  /** Namespaces of the hosts. */
  readonly hosts: readonly string[]
  readonly switch: string
  /** 10.77.0.1 and so on. The same in every network: no two see each other. */
  readonly addresses: readonly string[]
}

export const SUBNET = '10.77.0.0/24'

export function createNetwork(count: number): Network {
  sweep()
  const name = `${PREFIX}-${process.pid}-${worlds++}`
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const network: Network = {
    hosts: numbers.map((number) => `${name}-host${number}`),
    switch: `${name}-switch`,
    addresses: numbers.map((number) => `10.77.0.${number}`),
  }
  try {
    ip('netns', 'add', network.switch)
    ip('-n', network.switch, 'link', 'add', 'bridge', 'type', 'bridge')
    ip('-n', network.switch, 'link', 'set', 'bridge', 'up')
    for (const [index, host] of network.hosts.entries()) connect(network, host, `port${index + 1}`, index)
    return network
  } catch (error) {
    removeNetwork(network)
    throw error
  }
}

function connect(network: Network, host: string, port: string, index: number): void {
  ip('netns', 'add', host)
  ip('-n', network.switch, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host)
  ip('-n', network.switch, 'link', 'set', port, 'master', 'bridge', 'up')
  ip('-n', host, 'link', 'set', 'lo', 'up')
  ip('-n', host, 'addr', 'add', `${network.addresses[index]}/24`, 'dev', 'eth0')
  ip('-n', host, 'link', 'set', 'eth0', 'up')
}

/** Lets a host send at most so much, in the words of tc: `1gbit`. */
export function limitBandwidth(host: string, rate: string): void {
  const shaping = ['root', 'tbf', 'rate', rate, 'burst', '256kb', 'latency', '50ms']
  execute('ip', 'netns', 'exec', host, 'tc', 'qdisc', 'replace', 'dev', 'eth0', ...shaping)
}

export function setLink(host: string, state: 'up' | 'down'): void {
  ip('-n', host, 'link', 'set', 'eth0', state)
}

/** Processes of a host. */
export function processesOf(host: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', host], { encoding: 'utf8' })
  return (stdout ?? '').split('\n').filter(Boolean).map(Number)
}

/** Ends all processes of the hosts, and takes the hosts away. */
export function removeNetwork({ hosts, switch: name }: Network): void {
  for (const namespace of [...hosts, name]) removeNamespace(namespace)
}

function removeNamespace(namespace: string): void {
  for (const id of processesOf(namespace)) {
    try {
      process.kill(id, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  spawnSync('ip', ['netns', 'del', namespace])
}

/** Takes away what processes have left that were killed before they could. */
function sweep(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [name = ''] = line.split(' ')
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) removeNamespace(name)
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}
