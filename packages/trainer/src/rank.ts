// What launchers import on every rank of a run.
export { serveRank } from './launch/serve-rank.js'
