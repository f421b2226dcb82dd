/** The part of jasmine that the runner uses; the package ships no declarations. */
declare module 'jasmine-core/lib/jasmine-core/jasmine.js' {
  interface SpecResult {
    readonly fullName: string
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded'
    readonly failedExpectations: readonly { readonly message: string }[]
  }
  interface Environment {
    configure(options: { random: boolean; specFilter(spec: { getFullName(): string }): boolean }): void
    addReporter(reporter: { specDone(result: SpecResult): void }): void
    execute(): Promise<unknown>
  }
  interface Jasmine {
    DEFAULT_TIMEOUT_INTERVAL: number
    getEnv(options?: { suppressLoadErrors: boolean }): Environment
  }
  interface JasmineRequire {
    core(require: JasmineRequire): Jasmine
    /** `describe`, `it` and the others. */
    interface(jasmine: Jasmine, environment: Environment): object
  }
  const jasmineRequire: JasmineRequire
  export default jasmineRequire
}
