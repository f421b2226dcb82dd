import { describe } from 'vitest'
import { depthwiseCases } from './depthwise-cases.js'

describe('DepthwiseConv2dNativeBackpropFilter and DepthwiseConv2dNativeBackpropInput', depthwiseCases)
