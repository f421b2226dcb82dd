#!/usr/bin/env node
import { runCommandLine } from '@levin/cli'

process.exitCode = await runCommandLine(process.argv.slice(2))
