/** What stands over every training: its buttons, what is said of it, and its figures. */
const HEAD = `
  <div class="controls">
    <button id="train" class="first" type="button">Train</button>
    <button id="reset" type="button">Start over</button>
    <label>runs on <select id="accelerator"></select></label>
    <label>workers <select id="workers"></select></label>
    <button id="lose" type="button" title="As a driver that restarts would. The training goes on from its last checkpoint.">
      Take the GPU away
    </button>
  </div>
  <p id="message" class="message" role="status" aria-live="polite"></p>
  <dl id="figures" class="figures"></dl>`

/** Puts it under the title of the page. */
export function addHead(): void {
  document.querySelector('header')?.insertAdjacentHTML('beforeend', HEAD)
}
