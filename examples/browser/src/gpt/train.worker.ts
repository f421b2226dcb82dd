import { serveTraining } from '../parts/serve-training.js'
import run from './run.js'

serveTraining(run)
