/** Translated texts that the page passes to its scripts. */

/** @typedef {Record<string, string>} Words */

/**
 * Fill the placeholders of a text: fill("Picture {n}", {n: 2}) is "Picture 2".
 * @param {string} text
 * @param {Record<string, string | number>} facts
 * @returns {string}
 */
export function fill(text, facts) {
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in facts ? String(facts[name]) : place));
}

/**
 * Read the texts from the page's `<script type="application/json">`.
 * @param {Document} page
 * @param {string} id
 * @returns {Words}
 */
export function readWords(page, id) {
  return JSON.parse(page.getElementById(id)?.textContent ?? "{}");
}
