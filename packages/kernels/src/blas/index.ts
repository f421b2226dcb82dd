export { type BlasOptions, type BlasReport, disableBlas, enableBlas, inspectBlas } from './enable-blas.js'
