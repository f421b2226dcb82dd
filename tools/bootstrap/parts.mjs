/** Installs the real parts that tests name: for `.ci/run`, as root on Debian or Ubuntu. */
import { join } from 'node:path'
import { binary, bootstrap, root, run } from './workspace.mjs'

bootstrap({ package: '@levin/real-parts' })
process.exitCode = await run([binary('tsx'), join(root, 'tools', 'real-parts', 'src', 'main.ts')])
