// A training on TensorFlow's library, in a program of its own; prints what came of it.
import util from 'node:util'
import { tensorflow } from '../../src/index.js'
import { losses } from '../models.js'

const before = Object.keys(util)
const found = await losses('cnn', tensorflow())
const report = {
  node: process.versions.node,
  losses: found,
  added: Object.keys(util).filter((name) => !before.includes(name)),
}
console.log(JSON.stringify(report))
