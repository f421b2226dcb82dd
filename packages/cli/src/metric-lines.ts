/** One line per metric: `val/accuracy 0.981`. */
export const metricLines = (metrics: Readonly<Record<string, number>>): string[] =>
  Object.entries(metrics).map(([name, value]) => `${name} ${value}`)
