/** Does something with the newest of what comes, one after the other; what came in between is passed over. */
export function newest<T>(act: (value: T) => Promise<void>, onError: (error: unknown) => void): (value: T) => void {
  let next: { readonly value: T } | undefined
  let busy = false
  const work = async (): Promise<void> => {
    busy = true
    while (next) {
      const { value } = next
      next = undefined
      await act(value).catch(onError)
    }
    busy = false
  }
  return (value) => {
    next = { value }
    if (!busy) void work()
  }
}
