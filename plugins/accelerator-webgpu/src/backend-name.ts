/** The name under which tfjs's backend, and every kernel of its package, is registered. */
export const BACKEND = 'webgpu'
