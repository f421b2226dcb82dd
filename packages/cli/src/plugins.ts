// Everything that a run module may name without importing it.
import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import '@levin/distributed/register'
import '@levin/loggers/register'
import '@levin/strategies/register'
import '@levin/trainer/register'
