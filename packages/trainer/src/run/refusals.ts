/**
 * The texts of what is refused before a run begins, loaded where something is: most runs begin. What is refused later is said by
 * whoever refuses it, since by then nothing can be counted on to load.
 */
export const refusals = () => import('./refusal-texts.js')
