import { describe } from 'vitest'
import { functionCases } from './function-cases.js'

describe('functions of single elements', functionCases)
