import { definePlugin, optionsSchema, SingleDevice } from '@levin/core'

/** Options of {@link single}: there are none. */
export type SingleOptions = Record<never, never>

/** One worker on one device: what runs where no other strategy is chosen. */
export const single = /* @__PURE__ */ definePlugin({
  kind: 'strategy',
  name: 'single',
  apiVersion: 1,
  schema: optionsSchema({}),
  create: (_options: SingleOptions) => new SingleDevice(),
})
