/**
 * The element of the page with this id.
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} #${id}.`);
}

/**
 * Leaves text alone that stays the same, so that it keeps its selection and is not read out again.
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Runs what a button does, and not again while that is under way: a second press would mean what is there afterwards.
 * @param {HTMLElement} button
 * @param {() => unknown} run
 */
export function onPress(button, run) {
  let isUnderWay = false;
  button.addEventListener("click", async () => {
    if (isUnderWay) return;
    isUnderWay = true;
    try {
      await run();
    } finally {
      isUnderWay = false;
    }
  });
}
