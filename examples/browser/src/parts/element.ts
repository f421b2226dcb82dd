/** An element of the page that has to be there. */
export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no element '${id}'.`)
  return found as E
}
