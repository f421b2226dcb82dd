export { type SingleOptions, single } from './single.js'
