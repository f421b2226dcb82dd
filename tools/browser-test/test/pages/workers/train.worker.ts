import { worker } from '@levin/distributed'
import { serve } from '@levin/trainer'
import run from './run.js'

serve(run, { launcher: worker() })
