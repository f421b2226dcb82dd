import {
  fromRecipe,
  LevinError,
  type ProcessGroup,
  pickAvailable,
  type RankDescription,
  type Recipe,
} from '@levin/core'

/** Connects this process to the others, by the collective that was asked for or the one that is registered. */
export async function connectProcesses(
  rank: RankDescription,
  recipe: Recipe<'collective'> | undefined,
  deadline: number | undefined,
): Promise<ProcessGroup> {
  const collective = recipe ? fromRecipe(recipe) : await pickAvailable('collective')
  if (collective) return collective.connect(rank, { deadline })
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `Process ${rank.globalRank} of ${rank.worldSize} has nothing that connects it to the others.`,
    remedy:
      "Install @levin/collective-mpi and import '@levin/collective-mpi/register' in the run module, or use launcher: 'worker'.",
  })
}
