/** Moments stand in UTC on the page and are shown in the reader's own zone and language. */

/**
 * @param {string} instant ISO 8601 with its zone
 * @param {string} language
 * @param {string} [zone] an IANA name; the reader's own by default
 * @returns {string}
 */
export function inZone(instant, language, zone) {
  const format = { dateStyle: "medium", timeStyle: "short", timeZone: zone };
  return new Intl.DateTimeFormat(language, format).format(new Date(instant));
}

/** @param {Document} page */
export function localise(page) {
  for (const time of page.querySelectorAll("time[data-moment]")) {
    time.textContent = inZone(time.dateTime, page.documentElement.lang);
  }
}
