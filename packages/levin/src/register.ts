// With the batteries in, names work without a further import.
import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import '@levin/distributed/register'
import '@levin/loggers/register'
import '@levin/strategies/register'
import '@levin/trainer/register'
