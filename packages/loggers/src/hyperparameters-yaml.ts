import { type ScalarTag, stringify } from 'yaml'

// YAML 1.1, which Python's readers speak, knows 1.0e-7 as a number and 1e-7 as a text.
const EXPONENT: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => typeof value === 'number' && /^-?\d+e/.test(String(value)),
  test: /^$/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace('e', '.0e'),
}

/** Hyper-parameters as YAML that JavaScript's and Python's readers understand alike. */
export function hyperparametersYaml(hyperparameters: Readonly<Record<string, unknown>>): string {
  return stringify(hyperparameters, { version: '1.1', customTags: (tags) => [EXPONENT, ...tags] })
}
