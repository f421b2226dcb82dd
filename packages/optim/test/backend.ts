/** The backend of the tests of this file; set before they are imported. */
export const backend = { name: 'cpu' }
