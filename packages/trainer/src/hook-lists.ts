import { type Callback, type HookName, LevinError, type Module } from '@levin/core'

// biome-ignore lint/suspicious/noExplicitAny: hooks of all names share these lists; `HookLists.call` types them by name.
type Hook = (...args: any[]) => unknown
type CallbackOnlyHook = 'onSanityCheckStart' | 'onSanityCheckEnd' | 'onException'
type Name = HookName | CallbackOnlyHook
type Arguments<N extends Name> = Parameters<NonNullable<Callback[N]>>

// After the module, so that they judge what the module logged at the end of the epoch; as in Lightning.
const LAST_AFTER_MODULE: ReadonlySet<Name> = new Set(['onTrainEpochEnd'])

/**
 * The hooks of a run, sorted at its start into one list per name: a hook that nobody implements costs one look-up.
 * Callbacks come before the module, in the order of the list.
 */
export class HookLists {
  readonly #lists = new Map<Name, Hook[]>()
  readonly #callbacks: readonly Callback[]
  readonly #module: Module

  constructor(callbacks: readonly Callback[], module: Module) {
    this.#callbacks = [
      ...callbacks.filter(({ order }) => order !== 'last'),
      ...callbacks.filter(({ order }) => order === 'last'),
    ]
    this.#module = module
  }

  /** Callbacks in the order in which they are called. */
  get callbacks(): readonly Callback[] {
    return this.#callbacks
  }

  has(name: Name): boolean {
    return this.#list(name).length > 0
  }

  /** Calls everybody who implements the hook, one after the other. A promise only if one of them gives one. */
  call<N extends Name>(name: N, ...args: Arguments<N>): undefined | Promise<void> {
    const list = this.#list(name)
    for (let i = 0; i < list.length; i++) {
      const result = (list[i] as Hook)(...args)
      if (result instanceof Promise) return this.#continue(list, i + 1, args, result)
    }
    return undefined
  }

  async #continue(
    list: readonly Hook[],
    from: number,
    args: readonly unknown[],
    first: Promise<unknown>,
  ): Promise<void> {
    await first
    for (let i = from; i < list.length; i++) await (list[i] as Hook)(...args)
  }

  /** As `call`, for the hook that may leave out the rest of an epoch. */
  async callBatchStart(...args: Arguments<'onTrainBatchStart'>): Promise<boolean> {
    let skip = false
    for (const hook of this.#list('onTrainBatchStart')) if ((await hook(...args)) === 'skipEpoch') skip = true
    return skip
  }

  #list(name: Name): Hook[] {
    let list = this.#lists.get(name)
    if (!list) {
      list = this.#collect(name)
      this.#lists.set(name, list)
    }
    return list
  }

  #collect(name: Name): Hook[] {
    const after = LAST_AFTER_MODULE.has(name)
    const hooks = (last: boolean) =>
      this.#callbacks
        .filter((callback) => (callback.order === 'last') === last)
        .map((callback) => named(callback, name))
    const own = (this.#module as Partial<Record<Name, Hook>>)[name]
    const module = own ? [own.bind(this.#module) as Hook] : []
    const lists = after ? [hooks(false), module, hooks(true)] : [hooks(false), hooks(true), module]
    return lists.flat().filter((hook) => hook !== undefined)
  }
}

const callbackName = (callback: Callback): string => callback.name ?? callback.constructor.name

/** Tells callbacks apart in checkpoints. */
export const stateKey = (callback: Callback): string => callback.stateKey ?? callbackName(callback)

/** A callback's hook, whose errors say whose they are. */
function named(callback: Callback, name: Name): Hook | undefined {
  const hook = callback[name] as Hook | undefined
  if (!hook) return undefined
  return (...args) => {
    try {
      const result = hook.apply(callback, args)
      return result instanceof Promise ? result.catch((error: unknown) => fail(callback, name, error)) : result
    } catch (error) {
      return fail(callback, name, error)
    }
  }
}

function fail(callback: Callback, name: Name, error: unknown): never {
  if (LevinError.isInstance(error)) throw error
  const reason = error instanceof Error ? error.message : String(error)
  throw new LevinError('LEVIN_CALLBACK', {
    message: `The callback '${callbackName(callback)}' failed in ${name}: ${reason}`,
    cause: error,
  })
}
