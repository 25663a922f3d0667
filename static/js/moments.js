/**
 * Days and times in the reader's time zone.
 *
 * The server reads the zone from a cookie. A page rendered before the cookie is corrected here, or
 * reloaded if its days are in another zone.
 */

/**
 * @param {string} instant ISO 8601 with its zone
 * @param {string} language
 * @param {string} [zone] an IANA name; the reader's own by default
 * @returns {string}
 */
export function inZone(instant, language, zone) {
  const format = { dateStyle: "medium", timeStyle: "short", timeZone: zone };
  // English dates use the British format, as on the server.
  const locale = language === "en" ? "en-GB" : language;
  return new Intl.DateTimeFormat(locale, format).format(new Date(instant));
}

/**
 * Show the times of a page in the reader's zone, unless the server has done so.
 * @param {Document} page
 * @param {string} [zone]
 */
export function localise(page, zone = ownZone()) {
  const { dataset, lang } = page.documentElement;
  if (!zone || zone === dataset.zone) return;
  for (const time of page.querySelectorAll("time[data-moment]")) {
    time.textContent = inZone(time.dateTime, lang, zone);
  }
}

/**
 * Store the reader's zone in a cookie for the server.
 * @param {Document} page
 * @param {string} [zone]
 * @returns {boolean} whether the page must be reloaded, because its days are in another zone
 */
export function keepZone(page, zone = ownZone()) {
  const { dataset } = page.documentElement;
  if (!zone || zone === dataset.namedZone) return false;
  const secure = page.location.protocol === "https:" ? "; Secure" : "";
  const pair = `faces_zone=${zone}`;
  page.cookie = `${pair}; Path=${dataset.root}; Max-Age=31536000; SameSite=Lax${secure}`;
  const isKept = page.cookie.split("; ").includes(pair);
  return isKept && page.querySelector("[data-days]") !== null;
}

function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
