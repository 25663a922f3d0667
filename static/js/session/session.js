/** The signed-in account, and the CSRF token of this page's forms. */

export const ANSWER_TIMEOUT_MS = 5000;

/** A sign-in is required before anything can be sent. */
export class SignedOut extends Error {}

/**
 * Return the account and the CSRF token of a page.
 * @param {Document} page
 */
export function sessionOf(page) {
  return {
    account: page.querySelector("meta[name=account]")?.content ?? "",
    token: page.querySelector("meta[name=csrf-token]")?.content ?? "",
  };
}

/**
 * Set the CSRF token of a page's forms and scripts.
 * @param {Document} page
 * @param {string} token
 */
export function putToken(page, token) {
  page.querySelector("meta[name=csrf-token]").content = token;
  for (const field of page.querySelectorAll("input[name=csrf_token]")) field.value = token;
}

/**
 * Fetch the signed-in account and a new CSRF token from the server.
 * @param {Document} page
 * @param {string} url
 * @param {typeof fetch} send
 * @throws {SignedOut} if the page's account is not signed in any more
 */
export async function renew(page, url, send = (...request) => fetch(...request)) {
  const answer = await send(url, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const { account, token } = await answer.json();
  const owner = sessionOf(page).account;
  if (owner && owner !== account) throw new SignedOut();
  putToken(page, token);
}
