import { element } from "./dom.js";

/** Answers the question that is open. */
let answer = (/** @type {boolean} */ _yes) => {};

/**
 * Asks before something that cannot be undone.
 * @param {string} text what is lost
 * @param {string} yes written on the button that goes on
 * @returns {Promise<boolean>}
 */
export function ask(text, yes) {
  answer(false);
  element("question-text", HTMLElement).textContent = text;
  element("question-yes", HTMLElement).textContent = yes;
  element("question", HTMLDialogElement).showModal();
  return new Promise((resolve) => {
    answer = resolve;
  });
}

export function listenForAnswers() {
  const dialog = element("question", HTMLDialogElement);
  element("question-form", HTMLFormElement).addEventListener("submit", ({ submitter }) => {
    answer(submitter?.id === "question-yes");
  });
  // Escape. The browser reports it later, perhaps when the next question is open already.
  dialog.addEventListener("close", () => {
    if (!dialog.open) answer(false);
  });
}
