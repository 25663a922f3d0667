/** Who is signed in on the server, and the token with which this page's forms are sent. */

export const ANSWER_TIMEOUT_MS = 5000;

/** Somebody has to sign in again before anything is sent. */
export class SignedOut extends Error {}

/**
 * What a page is about: whose it is, and where it asks.
 * @param {Document} page
 */
export function sessionOf(page) {
  return {
    account: page.querySelector("meta[name=account]")?.content ?? "",
    token: page.querySelector("meta[name=csrf-token]")?.content ?? "",
  };
}

/**
 * Give a page's forms and scripts another token.
 * @param {Document} page
 * @param {string} token
 */
export function putToken(page, token) {
  page.querySelector("meta[name=csrf-token]").content = token;
  for (const field of page.querySelectorAll("input[name=csrf_token]")) field.value = token;
}

/**
 * Ask the server who is signed in, and take its token.
 * @param {Document} page
 * @param {string} url
 * @param {typeof fetch} send
 * @throws {SignedOut} if the page is an account's that is signed in no longer
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
