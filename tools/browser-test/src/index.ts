export { call, type Gpu, launchBrowser, openPage, reloaded, type WatchedPage } from './browser.js'
export { type Bundle, type BundleOptions, bundle } from './bundle.js'
export { type BundledPage, openBundled } from './bundled-page.js'
export { type PageServer, type ServeOptions, serve } from './serve.js'
