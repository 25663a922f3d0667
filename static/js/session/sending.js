/** Requests of the page's scripts: with the current token, retried once with a new one. */

import { renew, sessionOf, SignedOut } from "./session.js";

export const NEEDS_SESSION = "needssession";
const STALE = new Set([400, 401]);

/**
 * `fetch` for scripts; if the session has ended, notifies the page, and the request fails.
 * @param {string} url
 * @param {RequestInit} options
 * @param {Document} page
 * @param {typeof fetch} send
 * @returns {Promise<Response>}
 */
export async function sendWithToken(url, options, page = document, send = (...all) => fetch(...all)) {
  const response = await send(url, withToken(options, page));
  if (!(await isStale(response))) return response;
  try {
    await renew(page, page.body.dataset.sessionUrl, send);
  } catch (error) {
    if (error instanceof SignedOut) page.dispatchEvent(new Event(NEEDS_SESSION));
    throw error;
  }
  return send(url, withToken(options, page));
}

function withToken(options, page) {
  return { ...options, headers: { ...options.headers, "X-CSRFToken": sessionOf(page).token } };
}

async function isStale(response) {
  if (STALE.has(response.status)) return true;
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  return Boolean(isJson) && STALE.has((await response.clone().json()).refused);
}
